using Microsoft.Extensions.Options;

namespace Pipeline.Query;

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class QueryOptionsValidator : IValidateOptions<QueryOptions>
{
    public ValidateOptionsResult Validate(string? name, QueryOptions options)
    {
        var failures = new List<string>();
        Check(!string.IsNullOrWhiteSpace(options.Notebooks), nameof(options.Notebooks), options.Notebooks, "must name a folder");
        Time(nameof(options.TimeLimit), options.TimeLimit, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "1 s to 1 h");
        Time(nameof(options.ExportTimeLimit), options.ExportTimeLimit, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24), "1 s to 24 h");
        Time(nameof(options.EngineIdle), options.EngineIdle, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "1 s to 1 h");
        Time(nameof(options.SchemaTimeLimit), options.SchemaTimeLimit, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1), "10 ms to 1 min");
        Number(nameof(options.MaxRows), options.MaxRows, 1, 1_000_000);
        Number(nameof(options.MaxCellLength), options.MaxCellLength, 16, 1_000_000);
        Number(nameof(options.MaxResultLength), options.MaxResultLength, 1_024, 256 << 20);
        Number(nameof(options.EngineThreads), options.EngineThreads, 1, 256);
        Number(nameof(options.LakeStatements), options.LakeStatements, 1, 64);
        Number(nameof(options.WarehouseStatements), options.WarehouseStatements, 1, 64);
        Number(nameof(options.MaxWaiting), options.MaxWaiting, 0, 10_000);
        Number(nameof(options.EngineMemoryBytes), options.EngineMemoryBytes, 32L << 20, long.MaxValue);
        Number(nameof(options.SpillBytes), options.SpillBytes, 1L << 20, long.MaxValue);
        Number(nameof(options.MaxExportBytes), options.MaxExportBytes, 1L << 20, long.MaxValue);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Time(string option, TimeSpan value, TimeSpan least, TimeSpan most, string range) => Check(value >= least && value <= most, option, value, $"must be from {range}");

        void Number(string option, long value, long least, long most) =>
            Check(value >= least && value <= most, option, value, most == long.MaxValue ? $"must be at least {least}" : $"must be from {least} to {most}");

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{QueryOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
