using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Pipeline.Workers.Generator;

/// <summary>
/// Sends requests to the shop API until it has an answer: repeats what fails for reasons that may pass, always with the same bytes and the same
/// <c>Idempotency-Key</c>, so that the API takes the records once. When the API asks to come back later, every request of this client waits.
/// </summary>
internal sealed class ShopClient : IDisposable
{
    private const string KeyHeader = "Idempotency-Key";
    private const int MaxReason = 300;

    // Longer waits are beyond what timers take; the API is asked again after this long.
    private static readonly TimeSpan _longestWait = TimeSpan.FromDays(1);
    private static readonly MediaTypeHeaderValue _json = new("application/json");

    private readonly HttpMessageInvoker _http;
    private readonly Uri _api;
    private readonly RetryOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<double> _jitter;
    private readonly AuthenticationHeaderValue? _authorization;
    private long _notBefore = long.MinValue;

    /// <param name="api">The API's address.</param>
    /// <param name="connections">The most connections at a time.</param>
    /// <param name="options">How long to try.</param>
    /// <param name="time">The clock of waits and timeouts.</param>
    /// <param name="jitter">Draws a number in [0, 1) for each pause.</param>
    /// <param name="key">The access key; null where none is needed.</param>
    public ShopClient(Uri api, int connections, RetryOptions options, TimeProvider time, Func<double> jitter, string? key = null)
    {
        _authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        _api = api.AbsolutePath.EndsWith('/') ? api : new Uri(api + "/");
        _options = options;
        _time = time;
        _jitter = jitter;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            MaxConnectionsPerServer = connections,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AllowAutoRedirect = false,
            UseCookies = false,
        });
    }

    /// <summary>Whether anything answers at the address, be it with an error.</summary>
    /// <exception cref="TransientException">Nothing does; the message says what to do.</exception>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        using var timeout = Timeout(cancellationToken);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Get, new Uri(_api, "alive"));
            using var response = await _http.SendAsync(message, timeout.Token);
        }
        catch (Exception e) when (IsUnanswered(e, cancellationToken))
        {
            throw new TransientException($"nothing answers at {_api.GetLeftPart(UriPartial.Authority)}; start it with dotnet run --project src/AppHost", e);
        }
    }

    /// <summary>Sends the request until it has an outcome; returns <see cref="SendResult.Unanswered"/> or Unsent when cancelled.</summary>
    public async Task<SendOutcome> SendAsync(SendRequest request, RouteCounters counters, CancellationToken cancellationToken)
    {
        var started = 0L;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await WaitForGateAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return Stopped(attempt);
            }

            if (attempt == 1)
                started = _time.GetTimestamp();
            counters.Requested(request.Records, attempt == 1);
            SendOutcome outcome;
            TimeSpan? retryAfter;
            try
            {
                (outcome, retryAfter) = await AttemptAsync(request, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return new SendOutcome(SendResult.Unanswered, 0, null);
            }

            if (outcome.Result != SendResult.Failed)
                return outcome;
            counters.Troubled(outcome.Reason!, retryAfter is not null);
            if (retryAfter is { } wait)
                CloseGate(wait);
            if (_time.GetElapsedTime(started) >= _options.GiveUpAfter)
                return outcome;

            try
            {
                if (retryAfter is null || retryAfter == TimeSpan.Zero)
                    await Task.Delay(Backoff(attempt), _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return Stopped(attempt + 1);
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private static SendOutcome Stopped(int attempt) => new(attempt == 1 ? SendResult.Unsent : SendResult.Unanswered, 0, null);

    /// <summary>One attempt: <see cref="SendResult.Failed"/> means that it may be repeated.</summary>
    private async Task<(SendOutcome Outcome, TimeSpan? RetryAfter)> AttemptAsync(SendRequest request, CancellationToken cancellationToken)
    {
        using var timeout = Timeout(cancellationToken);
        try
        {
            using var message = new HttpRequestMessage(request.Method, new Uri(_api, request.Path));
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.ContentType = _json;
            message.Headers.Add(KeyHeader, request.Key);
            message.Headers.Authorization = _authorization;
            using var response = await _http.SendAsync(message, timeout.Token);
            var status = (int)response.StatusCode;
            if (response.IsSuccessStatusCode)
            {
                await response.Content.CopyToAsync(Stream.Null, timeout.Token);
                return (new SendOutcome(SendResult.Accepted, status, null), null);
            }

            var reason = $"{request.Method} /{request.Path} was answered {status}{await ReadReasonAsync(response, timeout.Token)}";
            if (!IsTransient(response.StatusCode))
                return (new SendOutcome(SendResult.Rejected, status, reason), null);
            return (new SendOutcome(SendResult.Failed, status, reason), RetryAfter(response));
        }
        catch (Exception e) when (IsUnanswered(e, cancellationToken))
        {
            var why = e is OperationCanceledException ? $"no answer within {_options.RequestTimeout.TotalSeconds:0.#} s" : Innermost(e);
            return (new SendOutcome(SendResult.Failed, 0, $"{request.Method} /{request.Path}: {why}"), null);
        }
    }

    private async Task WaitForGateAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        while (true)
        {
            var now = _time.GetTimestamp();
            var until = Interlocked.Read(ref _notBefore);
            if (until <= now)
                return;

            // Rounded up to the timer's milliseconds; spread a little, so that what waited does not come back all at once.
            var wait = Math.Ceiling((until - now) * 1000.0 / _time.TimestampFrequency) + Math.Floor(_jitter() * 50);
            await Task.Delay(TimeSpan.FromMilliseconds(wait), _time, cancellationToken);
        }
    }

    private void CloseGate(TimeSpan wait)
    {
        var until = _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency);
        for (var current = Interlocked.Read(ref _notBefore); until > current;)
        {
            var seen = Interlocked.CompareExchange(ref _notBefore, until, current);
            if (seen == current)
                return;
            current = seen;
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) || response.Headers.RetryAfter is not { } header)
            return null;
        var wait = header.Delta ?? header.Date - _time.GetUtcNow() ?? TimeSpan.Zero;
        return TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, _longestWait.Ticks));
    }

    private TimeSpan Backoff(int attempt)
    {
        var full = Math.Min(_options.MaxDelay.TotalMilliseconds, _options.BaseDelay.TotalMilliseconds * Math.Pow(2, Math.Min(attempt - 1, 30)));
        return TimeSpan.FromMilliseconds(full * (1 - (_jitter() / 2)));
    }

    private LinkedTimeout Timeout(CancellationToken cancellationToken) => new(_options.RequestTimeout, _time, cancellationToken);

    private static bool IsTransient(HttpStatusCode status) => (int)status is 408 or 425 or 429 or 500 or 502 or 503 or 504;

    private static bool IsUnanswered(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static string Innermost(Exception e)
    {
        while (e.InnerException is { } inner)
            e = inner;
        return e.Message.TrimEnd('.');
    }

    private static async Task<string> ReadReasonAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
            return "";
        try
        {
            using var problem = JsonDocument.Parse(body);
            return problem.RootElement.ValueKind == JsonValueKind.Object ? Describe(problem.RootElement) : "";
        }
        catch (JsonException)
        {
            return " with a body that is not JSON";
        }
    }

    private static string Describe(JsonElement problem)
    {
        var text = Text("detail") ?? Text("title") ?? "";
        if (problem.TryGetProperty("errors", out var errors) && errors.ValueKind == JsonValueKind.Object)
        {
            foreach (var error in errors.EnumerateObject())
            {
                var hasMessages = error.Value.ValueKind == JsonValueKind.Array && error.Value.GetArrayLength() > 0;
                var message = hasMessages ? error.Value[0].ToString() : error.Value.ToString();
                text = $"{text} {error.Name}: {message}";
                break;
            }
        }

        text = text.Trim();
        return text.Length == 0 ? "" : ": " + (text.Length > MaxReason ? text[..MaxReason] : text);

        string? Text(string name) => problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>A token that is cancelled by the caller or by the clock.</summary>
    private sealed class LinkedTimeout : IDisposable
    {
        private readonly CancellationTokenSource _clock;
        private readonly CancellationTokenSource _linked;

        public LinkedTimeout(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
        {
            _clock = new CancellationTokenSource(timeout, time);
            _linked = CancellationTokenSource.CreateLinkedTokenSource(_clock.Token, cancellationToken);
        }

        public CancellationToken Token => _linked.Token;

        public void Dispose()
        {
            _linked.Dispose();
            _clock.Dispose();
        }
    }
}
