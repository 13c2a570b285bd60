using System.Globalization;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>Reads the requests' measurement.</summary>
internal static class RequestMeasurements
{
    /// <summary>How many requests each bucket has, by kind of request.</summary>
    public static IReadOnlyList<(RequestKey Key, long[] Counts)> RequestCounts(this IMeasurements measurements)
    {
        var counts = new Dictionary<RequestKey, long[]>();
        foreach (var series in measurements.Find(IMeasurements.RequestDuration)?.AllSeries() ?? [])
        {
            var (method, route, status) = ("", "", 0);
            foreach (var (label, value) in series.Labels)
            {
                if (label == IMeasurements.Method)
                    method = value;
                else if (label == IMeasurements.Route)
                    route = value;
                else if (label == IMeasurements.Status)
                    _ = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out status);
            }

            // The order of labels may differ, so that several series are of one kind.
            var key = new RequestKey(method, route, status);
            var own = series.Counts();
            if (counts.TryGetValue(key, out var sum))
            {
                for (var i = 0; i < sum.Length; i++)
                    sum[i] += own[i];
            }
            else
            {
                counts.Add(key, own);
            }
        }

        return [.. counts.Select(c => (c.Key, c.Value))];
    }
}
