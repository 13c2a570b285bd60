using FluentValidation;
using Pipeline.Events.Domain;

namespace Pipeline.Events.Application;

/// <summary>The parameters of the module's queries, as they are named in URLs, and their common rules.</summary>
internal static class QueryParameter
{
    public const string UserId = "userId";
    public const string EventName = "eventName";
    public const string Limit = "limit";
    public const string After = "after";
    public const string Order = "order";
    public const string From = "from";
    public const string To = "to";

    /// <summary>The most rows of an answer.</summary>
    public const int MaxLimit = 10_000;

    /// <summary>A user or event name as it can be stored.</summary>
    public static void Key<T>(this IRuleBuilderInitial<T, string?> rule, string name) =>
        rule.Length(1, TextRules.MaxCharacters).WithMessage($"must have 1 to {TextRules.MaxCharacters} characters")
            .Must(v => v is null || !v.Contains('\0', StringComparison.Ordinal)).WithMessage("must not hold U+0000")
            .OverridePropertyName(name);

    /// <summary>The size of a page.</summary>
    public static void PageSize<T>(this IRuleBuilderInitial<T, int> rule) =>
        rule.InclusiveBetween(1, MaxLimit).WithMessage("must be from 1 to 10000").OverridePropertyName(Limit);
}
