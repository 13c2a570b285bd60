using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

/// <summary>The measurements of this process.</summary>
internal interface IMeasurements
{
    /// <summary>The duration of requests.</summary>
    const string RequestDuration = "http.server.request.duration";

    /// <summary>The label of a request's method.</summary>
    const string Method = "http.request.method";

    /// <summary>The label of a request's route.</summary>
    const string Route = "http.route";

    /// <summary>The label of an answer's status.</summary>
    const string Status = "http.response.status_code";

    /// <summary>The refused requests.</summary>
    const string Rejected = "pipeline.ingestion.requests.rejected";

    /// <summary>
    /// Begins to measure what costs something with every request: durations of requests and use cases. Before somebody asks, nobody pays for them.
    /// </summary>
    void Want();

    /// <summary>All of them, by name, with values of now.</summary>
    IReadOnlyCollection<Measurement> Look();

    /// <summary>One of them; null where nothing was measured yet. What is told only when looked at is not asked for anew.</summary>
    Measurement? Find(string name);
}
