using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Web;

/// <summary>
/// Asks sources on the web. Waits where a source says how long (<c>Retry-After</c>); what else may pass is a <see cref="TransientException"/>, and a refusal a
/// <see cref="TerminalException"/>.
/// </summary>
internal sealed class WebClient : IDisposable
{
    private const int MostRedirects = 10;
    private const int MostWaits = 5;
    private const int ShownChars = 200;

    private static readonly TimeSpan _longestWait = TimeSpan.FromHours(1);

    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public WebClient(IOptions<WorkflowsOptions> options, TimeProvider time)
    {
        _patience = options.Value.SourceTimeout;
        _time = time;
        var handler = new SocketsHttpHandler
        {
            // Redirects are followed here, since headers of the user are not for other hosts.
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.All,
            ConnectTimeout = _patience,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Pipeline", "1.0"));
    }

    /// <summary>Sends a request and returns when the answer's body begins.</summary>
    public async Task<WebAnswer> SendAsync(WebRequest request, ITaskLog log, CancellationToken cancellationToken)
    {
        for (var waits = 0; ; waits++)
        {
            TimeSpan? wait;
            var response = await FollowAsync(request, cancellationToken);
            if (response.IsSuccessStatusCode)
                return new WebAnswer(response, new PatientStream(await response.Content.ReadAsStreamAsync(cancellationToken), request.Name, _patience, _time));
            using (response)
            {
                wait = RetryAfter(response);
                if (wait is null || wait > _longestWait || waits == MostWaits || !MayPass(response.StatusCode))
                    throw await RefusalAsync(request, response, wait, cancellationToken);
                log.Info(string.Create(
                    CultureInfo.InvariantCulture, $"{request.Name} answered {(int)response.StatusCode} and asks to wait {wait.Value.TotalSeconds:0.#} s."));
            }

            await Task.Delay(wait.Value, _time, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> FollowAsync(WebRequest request, CancellationToken cancellationToken)
    {
        var origin = request.Origin ?? request.Url;
        for (var redirects = 0; ; redirects++)
        {
            var response = await SendOnceAsync(request, IsSameHost(origin, request.Url), cancellationToken);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
                return response;
            using (response)
            {
                var url = new Uri(request.Url, location);
                if (redirects == MostRedirects)
                    throw new TerminalException($"{request.Name}: it redirects more than {MostRedirects} times.");
                if (url.Scheme is not ("http" or "https") || (request.Url.Scheme == "https" && url.Scheme == "http"))
                    throw new TerminalException($"{request.Name}: it redirects from {request.Url.Scheme} to {url.Scheme}, which is not followed.");
                var keepsMethod = response.StatusCode is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
                request = keepsMethod ? request with { Url = url } : request with { Url = url, Method = "GET", Body = null };
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(WebRequest request, bool withHeaders, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), request.Url);
        if (request.Body is { } body)
            message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in withHeaders ? request.Headers : [])
            Add(message, name, value);
        using var silence = new CancellationTokenSource(_patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        try
        {
            return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientException($"{request.Name}: no answer came within {_patience.TotalSeconds:0.#} s.", e);
        }
        catch (HttpRequestException e)
        {
            throw e.HttpRequestError == HttpRequestError.SecureConnectionError
                ? new TerminalException($"{request.Name}: {Reason(e)}", e)
                : new TransientException($"{request.Name}: {Reason(e)}", e);
        }

        static string Reason(HttpRequestException e) => e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message;
    }

    private static void Add(HttpRequestMessage message, string name, string value)
    {
        if (message.Content is not null && name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
        {
            message.Content.Headers.Remove(name);
            if (message.Content.Headers.TryAddWithoutValidation(name, value))
                return;
        }
        else if (message.Headers.TryAddWithoutValidation(name, value))
        {
            return;
        }

        throw new TerminalException($"'{name}' is no header that can be sent.");
    }

    private static bool IsSameHost(Uri first, Uri second) =>
        Uri.Compare(first, second, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static bool IsRedirect(HttpStatusCode status) => status
        is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static bool MayPass(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or (HttpStatusCode)425 || (int)status >= 500;

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private async Task<Exception> RefusalAsync(WebRequest request, HttpResponseMessage response, TimeSpan? wait, CancellationToken cancellationToken)
    {
        var text = await ReadSomeAsync(request, response, cancellationToken);
        var message = string.Create(CultureInfo.InvariantCulture, $"{request.Name} answered {(int)response.StatusCode} {response.ReasonPhrase}").TrimEnd();
        if (wait > _longestWait)
            message += string.Create(CultureInfo.InvariantCulture, $" and asks to wait {wait.Value.TotalMinutes:0} min");
        message += text.Length == 0 ? "." : $": {text}";
        return MayPass(response.StatusCode) ? new TransientException(message) : new TerminalException(message);
    }

    private async Task<string> ReadSomeAsync(WebRequest request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = new PatientStream(await response.Content.ReadAsStreamAsync(cancellationToken), request.Name, _patience, _time);
            var bytes = new byte[ShownChars];
            var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return Encoding.UTF8.GetString(bytes.AsSpan(0, length)).ReplaceLineEndings(" ").Trim();
        }
        catch (TransientException)
        {
            // The status says enough.
            return "";
        }
    }
}
