using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Pipeline.ServiceDefaults.Access;

namespace Pipeline.Workers.CommandLine.Api;

/// <summary>Asks the API of a Pipeline that runs, for commands, with the access key of the environment where there is one. Every trouble is an exception whose message is a sentence for the user.</summary>
internal sealed class ApiClient(Uri url) : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(100);

    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = _patience };
    private readonly AuthenticationHeaderValue? _authorization = AccessOptions.OwnKey() is { } key ? new AuthenticationHeaderValue("Bearer", key) : null;

    /// <summary>Asks for JSON.</summary>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Sends JSON, or nothing, and returns what is answered.</summary>
    public Task<JsonElement> PostAsync(string path, string? json, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, json, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string? json, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Authorization = _authorization;
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new TerminalException(Explain((int)response.StatusCode, body, $"{method} {path}"));
            return body.Length == 0 ? default : Parse(body, $"{method} {path}");
        }
        catch (HttpRequestException e) when (e.StatusCode is null)
        {
            throw new TransientException($"nothing answers at {url.GetLeftPart(UriPartial.Authority)}; start it with dotnet run --project src/AppHost", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{method} {path} was not answered within {_patience.TotalSeconds:0} s", e);
        }
    }

    private static JsonElement Parse(string body, string request)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new TerminalException($"{request} was answered with something that is no JSON; is this a Pipeline?", e);
        }
    }

    /// <summary>What an answer of RFC 9457 says, with each field's errors.</summary>
    private static string Explain(int status, string body, string request)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var problem = document.RootElement;
            var text = Text(problem, "detail") ?? Text(problem, "title");
            var fields = problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Object
                ? errors.EnumerateObject().SelectMany(field => Messages(field.Value).Select(message => $"{field.Name}: {message}"))
                : [];
            if (text is not null)
                return string.Join(" ", [text, .. fields]);
        }
        catch (JsonException)
        {
            // No problem details: the status has to do.
        }

        return $"{request} was answered {status}.";
    }

    private static IEnumerable<string> Messages(JsonElement errors) =>
        errors.ValueKind == JsonValueKind.Array ? errors.EnumerateArray().Select(e => e.ToString()) : [errors.ToString()];

    private static string? Text(JsonElement problem, string name) =>
        problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
