using System.Globalization;
using FluentValidation;
using FluentValidation.Results;

namespace Pipeline.ServiceDefaults.Http;

/// <summary>
/// Reads the parameters of a query string and collects what is wrong with them, each by its name. An empty parameter is one that is left out.
/// </summary>
public sealed class QueryReader
{
    /// <summary>Where the date of a timestamp ends and the time with its zone begins.</summary>
    private const int TimeAt = 10;

    private readonly List<ValidationFailure> _failures = [];

    /// <summary>The text; null where it is left out or empty.</summary>
    public static string? Text(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>A whole number, or what stands for one that is left out.</summary>
    public int WholeNumber(string name, string? text, int missing)
    {
        if (string.IsNullOrEmpty(text))
            return missing;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            return value;
        Fail(name, "must be a whole number");
        return missing;
    }

    /// <summary>One of an enum's values by its name in whatever case; the first value where it is left out.</summary>
    public T Choice<T>(string name, string? text)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(text))
            return default;
        if (char.IsAsciiLetter(text[0]) && Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value))
            return value;
        Fail(name, $"must be {string.Join(" or ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");
        return default;
    }

    /// <summary>An ISO 8601 date and time with a zone; null where it is left out.</summary>
    public DateTimeOffset? Time(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;

        // A plus sign that was not encoded arrives as a blank.
        text = text.Replace(' ', '+');
        if (text.Length > TimeAt && text[TimeAt] == 'T' && text.AsSpan(TimeAt).IndexOfAny('Z', '+', '-') > 0
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value))
            return value;
        Fail(name, "must be an ISO 8601 date and time with a zone, as in 2024-05-01T12:00:00Z");
        return null;
    }

    /// <summary>Notes what is wrong with a parameter.</summary>
    public void Fail(string name, string message) => _failures.Add(new ValidationFailure(name, message));

    /// <summary>Ends the reading.</summary>
    /// <exception cref="ValidationException">A parameter could not be read.</exception>
    public void ThrowIfInvalid()
    {
        if (_failures.Count > 0)
            throw new ValidationException(_failures);
    }
}
