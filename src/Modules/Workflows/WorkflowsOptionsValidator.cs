using Microsoft.Extensions.Options;

namespace Pipeline.Workflows;

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class WorkflowsOptionsValidator : IValidateOptions<WorkflowsOptions>
{
    public ValidateOptionsResult Validate(string? name, WorkflowsOptions options)
    {
        var failures = new List<string>();
        Check(!string.IsNullOrWhiteSpace(options.Folder), nameof(options.Folder), options.Folder, "must name a folder");
        Check(options.MaxParallelTasks is >= 1 and <= 256, nameof(options.MaxParallelTasks), options.MaxParallelTasks, "must be from 1 to 256");
        Check(options.Lease >= TimeSpan.FromSeconds(2) && options.Lease <= TimeSpan.FromMinutes(10),
            nameof(options.Lease), options.Lease, "must be from 2 s to 10 min");
        Check(options.RunRetention == TimeSpan.Zero || options.RunRetention >= TimeSpan.FromHours(1),
            nameof(options.RunRetention), options.RunRetention, "must be 0 or at least 1 h");
        Check(options.EngineMemoryBytes >= 64L << 20, nameof(options.EngineMemoryBytes), options.EngineMemoryBytes, "must be at least 67108864");
        Check(options.EngineThreads is >= 0 and <= 256, nameof(options.EngineThreads), options.EngineThreads, "must be from 0 to 256");
        Check(options.SourceTimeout >= TimeSpan.FromSeconds(1) && options.SourceTimeout <= TimeSpan.FromHours(1),
            nameof(options.SourceTimeout), options.SourceTimeout, "must be from 1 s to 1 h");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{WorkflowsOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
