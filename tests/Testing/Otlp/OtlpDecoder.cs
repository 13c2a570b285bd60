using System.Text;

namespace Pipeline.Testing.Otlp;

/// <summary>Takes from the export requests what tests ask for. Field numbers are those of opentelemetry-proto 1.x.</summary>
internal static class OtlpDecoder
{
    private delegate void ItemReader(string service, string scope, ReadOnlySpan<byte> item);

    public static List<OtlpSpan> Spans(ReadOnlySpan<byte> request)
    {
        var spans = new List<OtlpSpan>();
        ReadItems(request, (service, scope, item) => spans.Add(Span(service, scope, item)));
        return spans;
    }

    public static List<OtlpMetric> Metrics(ReadOnlySpan<byte> request)
    {
        var metrics = new List<OtlpMetric>();
        ReadItems(request, (service, scope, item) => metrics.Add(Metric(service, scope, item)));
        return metrics;
    }

    public static List<OtlpLog> Logs(ReadOnlySpan<byte> request)
    {
        var logs = new List<OtlpLog>();
        ReadItems(request, (service, scope, item) => logs.Add(Log(service, scope, item)));
        return logs;
    }

    /// <summary>All three requests have the same frame: resources (1) of resource (1) and scopes (2) of scope (1) and items (2).</summary>
    private static void ReadItems(ReadOnlySpan<byte> request, ItemReader read)
    {
        for (var resources = new ProtoReader(request); resources.Read();)
        {
            var service = "";
            for (var resource = new ProtoReader(resources.Bytes); resource.Read();)
            {
                if (resource.Field == 1)
                    service = Attribute(resource.Bytes, "service.name");
                else if (resource.Field == 2)
                    ReadScope(service, resource.Bytes, read);
            }
        }
    }

    private static void ReadScope(string service, ReadOnlySpan<byte> message, ItemReader read)
    {
        var name = "";
        for (var scope = new ProtoReader(message); scope.Read();)
        {
            if (scope.Field == 1)
                name = First(scope.Bytes, 1);
            else if (scope.Field == 2)
                read(service, name, scope.Bytes);
        }
    }

    private static OtlpSpan Span(string service, string source, ReadOnlySpan<byte> message)
    {
        var span = new OtlpSpan(service, source, "", "", "", "", 0, 0, []);
        var links = new List<OtlpLink>();
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            span = reader.Field switch
            {
                1 => span with { TraceId = Convert.ToHexStringLower(reader.Bytes) },
                2 => span with { SpanId = Convert.ToHexStringLower(reader.Bytes) },
                4 => span with { ParentId = Convert.ToHexStringLower(reader.Bytes) },
                5 => span with { Name = Encoding.UTF8.GetString(reader.Bytes) },
                7 => span with { Start = reader.Number },
                8 => span with { End = reader.Number },
                _ => span,
            };
            if (reader.Field == 13)
                links.Add(Link(reader.Bytes));
        }

        return span with { Links = links };
    }

    private static OtlpLink Link(ReadOnlySpan<byte> message)
    {
        var link = new OtlpLink("", "");
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            link = reader.Field switch
            {
                1 => link with { TraceId = Convert.ToHexStringLower(reader.Bytes) },
                2 => link with { SpanId = Convert.ToHexStringLower(reader.Bytes) },
                _ => link,
            };
        }

        return link;
    }

    private static OtlpMetric Metric(string service, string meter, ReadOnlySpan<byte> message)
    {
        const int Sum = 7;
        var metric = new OtlpMetric(service, meter, "", 0);
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            if (reader.Field == 1)
                metric = metric with { Name = Encoding.UTF8.GetString(reader.Bytes) };
            else if (reader.Field == Sum)
                metric = metric with { Sum = Total(reader.Bytes) };
        }

        return metric;
    }

    private static long Total(ReadOnlySpan<byte> sum)
    {
        const int DataPoints = 1;
        const int WholeNumber = 6;
        var total = 0L;
        for (var points = new ProtoReader(sum); points.Read();)
        {
            if (points.Field != DataPoints)
                continue;
            for (var point = new ProtoReader(points.Bytes); point.Read();)
                total += point.Field == WholeNumber ? (long)point.Number : 0;
        }

        return total;
    }

    private static OtlpLog Log(string service, string category, ReadOnlySpan<byte> message)
    {
        var log = new OtlpLog(service, category, "", "", "");
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            log = reader.Field switch
            {
                3 => log with { Severity = Encoding.UTF8.GetString(reader.Bytes) },
                5 => log with { Body = First(reader.Bytes, 1) },
                9 => log with { TraceId = Convert.ToHexStringLower(reader.Bytes) },
                _ => log,
            };
        }

        return log;
    }

    /// <summary>The value of an attribute (1) that is a string; empty where there is none.</summary>
    private static string Attribute(ReadOnlySpan<byte> message, string key)
    {
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            if (reader.Field == 1 && First(reader.Bytes, 1) == key)
                return First(reader.Bytes, 2, 1);
        }

        return "";
    }

    /// <summary>The first string under these field numbers; empty where there is none.</summary>
    private static string First(ReadOnlySpan<byte> message, int field, int? inner = null)
    {
        for (var reader = new ProtoReader(message); reader.Read();)
        {
            if (reader.Field == field)
                return inner is { } next ? First(reader.Bytes, next) : Encoding.UTF8.GetString(reader.Bytes);
        }

        return "";
    }
}
