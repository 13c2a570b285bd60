using System.Globalization;
using MediatR;
using Pipeline.Hosting;
using Pipeline.Lake;
using Pipeline.Query.Contracts;

namespace Pipeline.Workers.CommandLine;

/// <summary>The modules without anything that runs by itself: for commands that need no Pipeline that runs.</summary>
internal static class OfflineHost
{
    /// <summary>The most rows that <see cref="RunSqlAsync"/> gives.</summary>
    public const int MaxRows = 1_000_000;

    /// <summary>Sends one request.</summary>
    /// <param name="lake">Where the lake is; null where the request asks for nothing of it.</param>
    /// <param name="request">The request; one that needs PostgreSQL fails.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public static Task<T> SendAsync<T>(string? lake, IRequest<T> request, CancellationToken cancellationToken) =>
        UseAsync(lake, mediator => mediator.Send(request, cancellationToken));

    /// <summary>Runs a SELECT over the lake. Here nobody shares the engine: it may take more memory and time than in a host.</summary>
    /// <exception cref="TerminalException">The statement is wrong; the message says where.</exception>
    public static async Task<SqlResult> RunSqlAsync(string lake, string sql, int maxRows, CancellationToken cancellationToken)
    {
        var result = await UseAsync(
            lake, async mediator => await SqlResult.ReadAsync(await mediator.Send(new RunSql(QueryEngine.Lake, sql, MaxRows: maxRows), cancellationToken), cancellationToken));
        return result.Error is { } error ? throw new TerminalException(error.Sentence) : result;
    }

    private static async Task<T> UseAsync<T>(string? lake, Func<IMediator, Task<T>> use)
    {
        // Stores are named only because a host must name some: nothing is started.
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["ConnectionStrings:warehouse"] = "Host=127.0.0.1";
        builder.Configuration["ConnectionStrings:lake"] = lake ?? Path.GetTempPath();

        // Keys of a lake on S3 are given this way.
        foreach (var (name, value) in new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection(LakeOptions.Section).AsEnumerable())
            builder.Configuration[name] = value;
        builder.Configuration["Query:MaxRows"] = MaxRows.ToString(CultureInfo.InvariantCulture);
        builder.Configuration["Query:MaxCellLength"] = "1000000";
        builder.Configuration["Query:MaxResultLength"] = (256 << 20).ToString(CultureInfo.InvariantCulture);
        builder.Configuration["Query:TimeLimit"] = "01:00:00";
        builder.Configuration["Query:EngineMemoryBytes"] = (512L << 20).ToString(CultureInfo.InvariantCulture);
        builder.Configuration["Query:EngineThreads"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        builder.AddPipeline("pipeline");
        using var host = builder.Build();
        await using var scope = host.Services.CreateAsyncScope();
        return await use(scope.ServiceProvider.GetRequiredService<IMediator>());
    }
}
