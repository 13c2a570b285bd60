using Microsoft.Extensions.Options;

namespace Pipeline.DeadLetters;

/// <summary>Finds everything that is wrong with the settings at once, before the host starts.</summary>
internal sealed class DeadLettersOptionsValidator : IValidateOptions<DeadLettersOptions>
{
    public ValidateOptionsResult Validate(string? name, DeadLettersOptions options)
    {
        var failures = new List<string>();
        Check(options.MaxReplay is >= 1 and <= 100_000, nameof(options.MaxReplay), options.MaxReplay, "must be from 1 to 100000");
        Check(options.ParallelReplays is >= 1 and <= 256, nameof(options.ParallelReplays), options.ParallelReplays, "must be from 1 to 256");
        Check(options.CatchUpTime >= TimeSpan.FromMilliseconds(10) && options.CatchUpTime <= TimeSpan.FromMinutes(1),
            nameof(options.CatchUpTime), options.CatchUpTime, "must be from 10 ms to 1 min");
        Check(options.ReplayTimeout >= TimeSpan.FromMinutes(1) && options.ReplayTimeout <= TimeSpan.FromDays(1),
            nameof(options.ReplayTimeout), options.ReplayTimeout, "must be from 1 min to 1 d");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check(bool valid, string option, object value, string rule)
        {
            if (!valid)
                failures.Add($"{DeadLettersOptions.Section}:{option} {rule}; it is {value}.");
        }
    }
}
