using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Pipeline.Testing;

/// <summary>
/// Sends events and orders that can be told apart and keeps the books: what was acknowledged, what was refused, and what was cut off so that nobody knows.
/// Some senders give each request an <c>Idempotency-Key</c> and repeat it until it is acknowledged.
/// </summary>
public sealed class ShopLedger : IDisposable
{
    private const int OrdersPerRequest = 20;
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient[] _http;
    private readonly string _run = Guid.NewGuid().ToString("N")[..8];
    private readonly ConcurrentDictionary<string, bool> _events = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _orders = new(StringComparer.Ordinal);
    private long _unexpected;

    /// <summary>Books of what is sent to that API, or to several of one store by turns.</summary>
    public ShopLedger(params Uri[] urls) => _http = [.. urls.Select(u => new HttpClient { BaseAddress = u, Timeout = TimeSpan.FromSeconds(20) })];

    /// <summary>Session ids of all events sent; true where acknowledged.</summary>
    public IReadOnlyDictionary<string, bool> Events => _events;

    /// <summary>Order ids of all orders sent; true where acknowledged.</summary>
    public IReadOnlyDictionary<string, bool> Orders => _orders;

    /// <summary>Answers that should never come: anything but 202, 429 and 503.</summary>
    public long Unexpected => Interlocked.Read(ref _unexpected);

    /// <summary>The last such answer.</summary>
    public string? UnexpectedAnswer { get; private set; }

    /// <summary>Sends with several senders of each kind until told to stop; what is on the way is then finished.</summary>
    public async Task SendAsync(CancellationToken stop)
    {
        var senders = new List<Task>();
        for (var i = 0; i < 6; i++)
            senders.Add(SendAsync(HttpMethod.Put, "/SendEvent", _events, $"e{i}", keyed: i >= 4, 1, Event, stop));
        for (var i = 0; i < 4; i++)
            senders.Add(SendAsync(HttpMethod.Post, "/PurchasedItems", _orders, $"o{i}", keyed: i >= 2, OrdersPerRequest, Order, stop));
        await Task.WhenAll(senders);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var http in _http)
            http.Dispose();
    }

    private async Task SendAsync(
        HttpMethod method, string path, ConcurrentDictionary<string, bool> book, string sender, bool keyed, int perRequest, Func<string, int, string> body, CancellationToken stop)
    {
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            var ids = Enumerable.Range(0, perRequest).Select(i => string.Create(CultureInfo.InvariantCulture, $"{_run}-{sender}-{n}-{i}")).ToArray();
            foreach (var id in ids)
                book[id] = false;
            var items = string.Join(',', ids.Select((id, i) => body(id, n + i)));
            var text = perRequest == 1 ? items : $"[{items}]";
            bool accepted;
            for (var turn = n; !(accepted = await TrySendAsync(_http[turn % _http.Length], method, path, text, keyed ? ids[0] : null)); turn++)
            {
                await Task.Delay(_pause, CancellationToken.None);
                if (!keyed)
                    break;
            }

            foreach (var id in accepted ? ids : [])
                book[id] = true;
        }
    }

    private async Task<bool> TrySendAsync(HttpClient http, HttpMethod method, string path, string body, string? key)
    {
        using var request = new HttpRequestMessage(method, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var response = await http.SendAsync(request);
            if (response.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable))
            {
                Interlocked.Increment(ref _unexpected);
                UnexpectedAnswer = $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
            }

            return response.StatusCode == HttpStatusCode.Accepted;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private static string Event(string id, int n) => string.Create(CultureInfo.InvariantCulture,
        $$$"""{"UserId":"user-{{{n % 50}}}","SessionId":"{{{id}}}","EventName":"{{{(n % 3 == 0 ? "AddedBasket" : "PageVisited")}}}","TimeStamp":"{{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ}}}","Attributes":{"ProductId":"product-{{{n % 20}}}","Price":9.99,"Discount":0}}""");

    private static string Order(string id, int n) => string.Create(CultureInfo.InvariantCulture,
        $$"""{"SessionId":"session-{{id}}","TimeStamp":"{{DateTimeOffset.UtcNow:yyyy-MM-ddTHH:mm:ss.fffZ}}","UserId":"user-{{n % 50}}","TotalPrice":19.98,"OrderId":"{{id}}","Products":[{"ProductId":"product-{{n % 20}}","ItemCount":2,"ItemPrice":9.99,"ItemDiscount":0}],"PaymentType":"PayPal"}""");
}
