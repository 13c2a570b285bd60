using System.Globalization;
using System.Text;

namespace Pipeline.EventLog;

/// <summary>
/// Dead-letter topics: a record that a sink can never take goes to topic <c>NAME.dead</c> with its key and payload as they are, its own headers, and
/// headers that say why and where it came from; the sink goes on with the next one.
/// </summary>
/// <remarks>
/// A sink appends dead letters before it commits its position. A crash in between repeats them: <see cref="SourceHeader"/> identifies a letter, and
/// readers take the first of each.
/// </remarks>
public static class DeadLetters
{
    /// <summary>The suffix of dead-letter topics.</summary>
    public const string Suffix = ".dead";

    /// <summary>The header that says why; UTF-8 text.</summary>
    public const string ReasonHeader = "dead-letter-reason";

    /// <summary>The header that says where the record was: <c>TOPIC/PARTITION/OFFSET</c>.</summary>
    public const string SourceHeader = "dead-letter-source";

    /// <summary>The longest reason kept, in characters.</summary>
    private const int MaxReason = 1_000;

    /// <summary>The dead-letter topic of a topic.</summary>
    public static string TopicOf(string topic) => topic + Suffix;

    /// <summary>Makes the dead letter of a record; its buffers are copies.</summary>
    /// <param name="topic">The topic that the record is in.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="record">The record.</param>
    /// <param name="reason">Why the sink cannot take it, for a person.</param>
    public static NewRecord Create(string topic, int partition, in RecordView record, string reason)
    {
        var own = record.CopyHeaders();
        var headers = new RecordHeader[own.Length + 2];
        own.CopyTo(headers, 0);
        headers[^2] = new RecordHeader(ReasonHeader, Encoding.UTF8.GetBytes(reason.Length <= MaxReason ? reason : reason[..MaxReason]));
        var source = string.Create(CultureInfo.InvariantCulture, $"{topic}/{partition}/{record.Offset}");
        headers[^1] = new RecordHeader(SourceHeader, Encoding.UTF8.GetBytes(source));
        return new NewRecord(record.Key.ToArray(), record.Value.ToArray(), headers);
    }
}
