using System.Globalization;
using FluentValidation;
using FluentValidation.Results;

namespace Pipeline.Analytics.Infrastructure.Http;

/// <summary>
/// Reads the parameters of a query string and collects what is wrong with them, each by its name. An empty parameter is one that is left out.
/// </summary>
internal sealed class QueryReader
{
    /// <summary>Where the date of a timestamp ends and the time with its zone begins.</summary>
    private const int TimeAt = 10;

    private readonly List<ValidationFailure> _failures = [];

    public int Integer(string name, string? text, int missing)
    {
        if (string.IsNullOrEmpty(text))
            return missing;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            return value;
        _failures.Add(new ValidationFailure(name, "must be a whole number"));
        return missing;
    }

    public DateTimeOffset? Time(string name, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;

        // A plus sign that was not encoded arrives as a blank.
        text = text.Replace(' ', '+');
        if (text.Length > TimeAt && text[TimeAt] == 'T' && text.AsSpan(TimeAt).IndexOfAny('Z', '+', '-') > 0
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var value))
            return value;
        _failures.Add(new ValidationFailure(name, "must be an ISO 8601 date and time with a zone, as in 2024-05-01T12:00:00Z"));
        return null;
    }

    /// <exception cref="ValidationException">A parameter could not be read.</exception>
    public void ThrowIfInvalid()
    {
        if (_failures.Count > 0)
            throw new ValidationException(_failures);
    }
}
