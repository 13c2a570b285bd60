namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

/// <summary>A request to a source.</summary>
internal sealed record WebRequest(Uri Url)
{
    public string Method { get; init; } = "GET";

    /// <summary>Headers for the host of the first address only: they may be credentials.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>What a POST sends.</summary>
    public string? Body { get; init; }

    /// <summary>The host that the headers are for; null is the one of <see cref="Url"/>.</summary>
    public Uri? Origin { get; init; }

    /// <summary>What messages call it: the address without its query, which may hold keys.</summary>
    public string Name => Url.GetLeftPart(UriPartial.Path);
}

/// <summary>An answer that began to come.</summary>
internal sealed class WebAnswer(HttpResponseMessage response, Stream body) : IAsyncDisposable
{
    /// <summary>The body, decompressed. Its reading fails with a <see cref="TransientException"/> where the source falls silent.</summary>
    public Stream Body { get; } = body;

    /// <summary>The values of a header.</summary>
    public IEnumerable<string> Header(string name) => response.Headers.TryGetValues(name, out var values) ? values : [];

    /// <summary>The address that answered.</summary>
    public Uri Url => response.RequestMessage!.RequestUri!;

    public async ValueTask DisposeAsync()
    {
        await Body.DisposeAsync();
        response.Dispose();
    }
}
