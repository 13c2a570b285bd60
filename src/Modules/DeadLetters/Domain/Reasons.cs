namespace Pipeline.DeadLetters.Domain;

/// <summary>The kind of reason that an error is of: its text up to the first details.</summary>
internal static class Reasons
{
    private const int MaxLength = 100;
    private const string Unknown = "No reason given";

    public static string Of(string error)
    {
        var end = error.AsSpan().IndexOfAny(':', '\n');
        var reason = (end < 0 ? error : error[..end]).Trim().TrimEnd('.');
        if (reason.Length > MaxLength)
            reason = reason[..MaxLength].TrimEnd();
        return reason.Length == 0 ? Unknown : reason;
    }
}
