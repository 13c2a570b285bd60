using FluentValidation;

namespace Pipeline.Analytics.Application;

/// <summary>The parameters of the module's routes, as they are named in URLs, and their common rules.</summary>
internal static class QueryParameter
{
    public const string Limit = "limit";
    public const string Hours = "hours";
    public const string Until = "until";
    public const string After = "after";

    /// <summary>The most rows of a ranking.</summary>
    public const int MaxLimit = 1_000;

    /// <summary>The most rows of a page.</summary>
    public const int MaxPage = 10_000;

    /// <summary>The longest window: a hundred years, so that all orders of any file fit.</summary>
    public const int MaxHours = 24 * 366 * 100;

    /// <summary>From 1 to a bound.</summary>
    public static IRuleBuilderOptions<T, int> AtMost<T>(this IRuleBuilderInitial<T, int> rule, int most) =>
        rule.InclusiveBetween(1, most).WithMessage($"must be from 1 to {most}");
}
