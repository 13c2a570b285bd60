using Microsoft.Extensions.Logging;

namespace Pipeline.EventLog.Kafka;

/// <summary>Passes the library's own lines on; what it calls an error is mostly a connection that it opens again by itself.</summary>
internal static class KafkaLogging
{
    private const int Notice = 5;

    /// <param name="logger">Takes the line.</param>
    /// <param name="level">The level as in syslog: 0 is the worst, 7 is for debugging.</param>
    /// <param name="facility">The part of the library.</param>
    /// <param name="text">The line.</param>
    public static void Write(ILogger logger, int level, string facility, string text)
    {
        if (level < Notice)
            Log.LibraryWarning(logger, facility, text);
        else
            Log.Library(logger, facility, text);
    }
}
