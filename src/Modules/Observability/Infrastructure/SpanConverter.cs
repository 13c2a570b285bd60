using System.Collections;
using System.Diagnostics;
using System.Globalization;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>Makes of an ended activity what is kept of it, within bounds.</summary>
internal static class SpanConverter
{
    private const int MaxTags = 64;
    private const int MaxEvents = 32;
    private const int MaxLinks = 128;
    private const int FirstErrorStatus = 400;
    private const int MaxText = 4 << 10;

    /// <summary>Tags that say the same of every statement.</summary>
    private static readonly string[] _dull = ["db.npgsql.data_source", "db.npgsql.connection_id", "db.npgsql.prepared", "db.system.name", "server.address", "server.port"];

    public static SpanKey KeyOf(in ActivityContext context) =>
        context.TraceId == default ? default : SpanKey.Parse(context.TraceId.ToHexString(), context.SpanId.ToHexString());

    public static SpanRecord Convert(Activity activity)
    {
        var parent = activity.ParentSpanId;
        return new SpanRecord
        {
            Key = KeyOf(activity.Context),
            ParentId = parent == default ? 0 : SpanKey.ParseSpan(parent.ToHexString()),
            Name = activity.DisplayName,
            Source = activity.Source.Name,
            Kind = NameOf(activity.Kind),
            StartedAt = activity.StartTimeUtc,
            Duration = activity.Duration,
            Status = (SpanStatus)activity.Status,
            Failed = activity.Status == ActivityStatusCode.Error || activity.GetTagItem("http.response.status_code") is >= FirstErrorStatus,
            StatusMessage = activity.StatusDescription is { } message ? Cut(message) : null,
            Tags = Convert(activity.EnumerateTagObjects()),
            Events = Convert(activity.EnumerateEvents()),
            Links = Convert(activity.EnumerateLinks()),
        };
    }

    private static KeyValuePair<string, string>[] Convert(Activity.Enumerator<KeyValuePair<string, object?>> tags)
    {
        List<KeyValuePair<string, string>>? kept = null;
        foreach (ref readonly var tag in tags)
        {
            if (tag.Value is not null && Array.IndexOf(_dull, tag.Key) < 0 && (kept ??= []).Count < MaxTags)
                kept.Add(new(tag.Key, Text(tag.Value)));
        }

        return kept is null ? [] : [.. kept];
    }

    private static SpanEvent[] Convert(Activity.Enumerator<ActivityEvent> events)
    {
        List<SpanEvent>? kept = null;
        foreach (ref readonly var happened in events)
        {
            if ((kept ??= []).Count == MaxEvents)
                break;
            var tags = happened.Tags.Where(t => t.Value is not null).Take(MaxTags).Select(t => KeyValuePair.Create(t.Key, Text(t.Value!)));
            kept.Add(new SpanEvent(happened.Name, happened.Timestamp.UtcDateTime, [.. tags]));
        }

        return kept is null ? [] : [.. kept];
    }

    private static SpanKey[] Convert(Activity.Enumerator<ActivityLink> links)
    {
        List<SpanKey>? kept = null;
        foreach (ref readonly var link in links)
        {
            if ((kept ??= []).Count == MaxLinks)
                break;
            kept.Add(KeyOf(link.Context));
        }

        return kept is null ? [] : [.. kept];
    }

    private static string Text(object value) => Cut(value switch
    {
        string text => text,
        bool truth => truth ? "true" : "false",
        IEnumerable list => string.Join(TraceSearch.ListSeparator, list.Cast<object?>().Select(e => System.Convert.ToString(e, CultureInfo.InvariantCulture))),
        _ => System.Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    });

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText] + "…";

    private static string NameOf(ActivityKind kind) => kind switch
    {
        ActivityKind.Server => nameof(ActivityKind.Server),
        ActivityKind.Client => nameof(ActivityKind.Client),
        ActivityKind.Producer => nameof(ActivityKind.Producer),
        ActivityKind.Consumer => nameof(ActivityKind.Consumer),
        _ => nameof(ActivityKind.Internal),
    };
}
