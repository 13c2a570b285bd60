using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Application.Time;
using Quartz;
using Quartz.Extensibility;

namespace Pipeline.Workflows.Infrastructure.Time;

/// <summary>
/// Looks at each scheduled workflow when a slot of it is due: a trigger a workflow in Quartz, clustered on PostgreSQL, kept in step with the
/// catalog. What a slot
/// becomes is decided by <see cref="SlotPlanner"/> alone, so that a trigger too many or too late does no harm.
/// </summary>
internal sealed class QuartzClock(
    IWorkflowCatalog catalog, SlotPlanner planner, CronSchedules schedules, NpgsqlDataSource dataSource, TimeProvider time, ILoggerFactory loggers)
        : BackgroundService
{
    private const string Group = "workflows";
    private const string TablePrefix = "workflows.qrtz_";
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger<QuartzClock>();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await KeepTimeAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever it is, without a clock nothing runs by itself.
                Log.LoopFailed(_logger, e, "Keep the time of workflows", _pause.TotalSeconds);
                await Task.Delay(_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task KeepTimeAsync(CancellationToken cancellationToken)
    {
        await using var factory = Create().Build();
        var scheduler = await factory.GetScheduler(cancellationToken);
        await scheduler.Start(cancellationToken);
        try
        {
            while (true)
            {
                var changed = catalog.WaitForChangeAsync(cancellationToken);
                await FollowAsync(scheduler, cancellationToken);
                await changed;
            }
        }
        finally
        {
            await scheduler.Shutdown(waitForJobsToComplete: false, CancellationToken.None);
        }
    }

    private QuartzSchedulerBuilder Create() => QuartzSchedulerBuilder.Create(quartz =>
    {
        quartz.Services.AddSingleton(loggers);
        quartz.ConfigureScheduler(options =>
        {
            options.InstanceName = Group;
            options.GenerateInstanceId = true;
        });
        quartz.UseTimeProvider(time);
        quartz.UseJobFactory(new JobFactory(planner));
        quartz.UseDefaultThreadPool(2);
        quartz.UsePersistentStore(store =>
        {
            store.UsePostgres(source => source.DataSourceFactory = _ => dataSource);
            store.ConfigureStore(options => options.TablePrefix = TablePrefix);
            store.ProvisionSchema();
            store.UseClustering();
        });
    });

    /// <summary>Brings the triggers in step with the catalog, and looks at each workflow once: it may be new, or slots may have passed.</summary>
    private async Task FollowAsync(IScheduler scheduler, CancellationToken cancellationToken)
    {
        var wanted = catalog.Entries.Where(e => e.Definition?.Schedule is not null)
            .ToDictionary(e => e.Name, e => e.Definition!.Schedule!, StringComparer.Ordinal);
        foreach (var key in await scheduler.GetTriggerKeys(GroupMatcher<TriggerKey>.GroupEquals(Group), cancellationToken))
        {
            // A folder that is faulty for now keeps its trigger.
            if (catalog.Find(key.Name) is null or { Definition: { Schedule: null } })
                await scheduler.UnscheduleJob(key, cancellationToken);
        }

        foreach (var (name, schedule) in wanted)
        {
            var expression = schedules.Expression(schedule);
            var key = new TriggerKey(name, Group);
            if (await scheduler.GetTrigger(key, cancellationToken) is not ICronTrigger existing || existing.Description != SlotPlan.KeyOf(schedule))
            {
                var job = JobBuilder.Create<SlotJob>().WithIdentity(name, Group).Build();
                var trigger = TriggerBuilder.Create(time).WithIdentity(key).ForJob(job).WithDescription(SlotPlan.KeyOf(schedule))
                    .WithCronSchedule(
                        expression, cron => cron.InTimeZone(expression.TimeZone).WithMisfireInstruction(CronTriggerMisfireInstruction.FireAndProceed)).Build();
                await scheduler.ScheduleJob(job, trigger, ScheduleJobOptions.Replacing, cancellationToken);
            }

            await planner.PlanAsync(name, null, cancellationToken);
        }

        Log.Scheduled(_logger, wanted.Count);
    }

    private sealed class JobFactory(SlotPlanner planner) : IJobFactory
    {
        public ValueTask<JobScope> CreateJob(TriggerFiredBundle bundle, IScheduler scheduler, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new JobScope(new SlotJob(planner)));

        public ValueTask ReturnJob(JobScope scope, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}

/// <summary>A slot of a workflow is due.</summary>
[DisallowConcurrentExecution]
internal sealed class SlotJob(SlotPlanner planner) : IJob
{
    private const int Tries = 5;
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2);

    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await planner.PlanAsync(context.JobDetail.Key.Name, context.ScheduledFireTimeUtc, cancellationToken);
                return;
            }
            catch (TransientException) when (attempt < Tries)
            {
                await Task.Delay(_pause, context.Scheduler.TimeProvider, cancellationToken);
            }
        }
    }
}
