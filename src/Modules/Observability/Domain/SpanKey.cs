using System.Globalization;

namespace Pipeline.Observability.Domain;

/// <summary>The ids of a span as numbers, which take a quarter of the room that their texts do.</summary>
/// <param name="TraceId">The trace.</param>
/// <param name="SpanId">The span.</param>
internal readonly record struct SpanKey(UInt128 TraceId, ulong SpanId)
{
    /// <summary>The digits of a trace id.</summary>
    public const int TraceDigits = 32;

    /// <summary>The digits of a span id.</summary>
    public const int SpanDigits = 16;

    /// <summary>The trace id as W3C Trace Context writes it.</summary>
    public string TraceText => TextOf(TraceId);

    /// <summary>The span id as W3C Trace Context writes it.</summary>
    public string SpanText => TextOf(SpanId);

    /// <summary>Reads ids of W3C Trace Context.</summary>
    public static SpanKey Parse(ReadOnlySpan<char> traceId, ReadOnlySpan<char> spanId) =>
        new(UInt128.Parse(traceId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), ParseSpan(spanId));

    /// <summary>Reads a span id.</summary>
    public static ulong ParseSpan(ReadOnlySpan<char> spanId) => ulong.Parse(spanId, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>Reads a trace id; false where it is none.</summary>
    public static bool TryParseTrace(ReadOnlySpan<char> text, out UInt128 traceId)
    {
        traceId = default;
        return text.Length == TraceDigits && UInt128.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out traceId);
    }

    public static string TextOf(UInt128 traceId) => traceId.ToString("x32", CultureInfo.InvariantCulture);

    public static string TextOf(ulong spanId) => spanId.ToString("x16", CultureInfo.InvariantCulture);
}
