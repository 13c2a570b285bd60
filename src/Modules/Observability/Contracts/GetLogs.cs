using MediatR;

namespace Pipeline.Observability.Contracts;

/// <summary>Asks for log records that this process keeps in memory, the newest first.</summary>
/// <param name="Level">The least level: Trace, Debug, Information, Warning, Error or Critical; null for all.</param>
/// <param name="Text">Only records whose message, category or exception contains this, case ignored; null for all.</param>
/// <param name="TraceId">Only records of this trace; null for all.</param>
/// <param name="Limit">The most records, 1 to 1000.</param>
/// <param name="After">Only records that came after this one (<see cref="LogPage.Last"/> of the answer before), to follow the log; null for all.</param>
public sealed record GetLogs(string? Level = null, string? Text = null, string? TraceId = null, int Limit = 100, long? After = null) : IRequest<LogPage>;

/// <summary>Some log records.</summary>
/// <param name="Records">The records, the newest first.</param>
/// <param name="Last">The number of the newest record that there was, whether it matched or not: what to ask with as <see cref="GetLogs.After"/>.</param>
public sealed record LogPage(IReadOnlyList<LogRecord> Records, long Last);

/// <summary>A log record.</summary>
/// <param name="Number">Counts from 1 as the process runs.</param>
/// <param name="At">When.</param>
/// <param name="Level">Trace, Debug, Information, Warning, Error or Critical.</param>
/// <param name="Category">Who says it.</param>
/// <param name="Message">What.</param>
/// <param name="Exception">The exception's text; null where there is none.</param>
/// <param name="TraceId">The trace that it belongs to; null where there is none.</param>
/// <param name="SpanId">The span that it belongs to; null where there is none.</param>
public sealed record LogRecord(long Number, DateTimeOffset At, string Level, string Category, string Message, string? Exception, string? TraceId, string? SpanId);
