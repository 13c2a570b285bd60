using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Pipeline.Workers.CommandLine;

/// <summary>Options whose values have a form of their own.</summary>
internal static class OptionParsing
{
    public static Option<Uri> Url() => new("--url")
    {
        Description = "Address of the API.",
        HelpName = "URL",
        DefaultValueFactory = _ => new Uri("http://127.0.0.1:5080"),
        CustomParser = result => Parse(result, "--url needs an absolute http or https address", token =>
            Uri.TryCreate(token, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) ? url : null),
    };

    public static Option<TimeSpan?> Duration() => new("--duration")
    {
        Description = "Stop after this long, in whole seconds, for example 90, 30s, 5m, 1h or 00:05:00; without it, run until Ctrl-C.",
        HelpName = "TIME",
        CustomParser = result =>
        {
            if (Time(result.Tokens[0].Value) is { } time)
                return time;
            result.AddError($"--duration needs a time such as 30s, 5m or 00:05:00, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    /// <summary>A time longer than nothing: a number with ms, s, m, h or d, seconds without a unit, or hh:mm:ss; null when it is none.</summary>
    public static TimeSpan? Time(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var clock) && clock > TimeSpan.Zero ? clock : null;
        var (number, seconds) =
            text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 0.001)
            : text.EndsWith('s') ? (text[..^1], 1)
            : text.EndsWith('m') ? (text[..^1], 60)
            : text.EndsWith('h') ? (text[..^1], 3600)
            : text.EndsWith('d') ? (text[..^1], 86_400)
            : (text, 1.0);
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value * seconds is >= 0.001 and <= 1e9 and var total
            ? TimeSpan.FromSeconds(total)
            : null;
    }

    /// <summary>Adds a check of bounds to an option; the message names the option and the value.</summary>
    public static Option<T> Within<T>(this Option<T> option, T from, T to)
        where T : struct, IComparable<T>, IParsable<T> => AddBounds(option, from, to);

    /// <inheritdoc cref="Within{T}(Option{T}, T, T)" />
    public static Option<T?> Within<T>(this Option<T?> option, T from, T to)
        where T : struct, IComparable<T>, IParsable<T> => AddBounds(option, from, to);

    private static TOption AddBounds<TOption, T>(TOption option, T from, T to)
        where TOption : Option
        where T : struct, IComparable<T>, IParsable<T>
    {
        option.Validators.Add(result =>
        {
            // What is not of the type at all is reported by the parser.
            if (result.Tokens.Count == 1 && T.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value)
                && (value.CompareTo(from) < 0 || value.CompareTo(to) > 0))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be {from} to {to}, not {value}."));
        });
        return option;
    }

    private static T? Parse<T>(ArgumentResult result, string need, Func<string, T?> parse)
        where T : class
    {
        var value = parse(result.Tokens[0].Value);
        if (value is null)
            result.AddError($"{need}, not '{result.Tokens[0].Value}'.");
        return value;
    }
}
