using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Bogus;
using Pipeline.Ingestion.Contracts;

namespace Pipeline.Workers.Generator;

/// <summary>
/// A model of a shop's visitors. Sessions go PageVisited → CheckedProductReviews → AddedBasket for a product, then to the next product or away;
/// who leaves with a full basket buys it or drops it. Users and products come from bounded, skewed pools and users have favourites, so that
/// the same user buys the same product again.
/// </summary>
/// <remarks>
/// The same options, clock and sequence of calls give the same traffic. The run id in the session and order numbers is a hash of the seed and of
/// the moment of creation, so two runs do not share numbers even with the same seed. Not safe for concurrent calls.
/// </remarks>
public sealed class ShopTraffic
{
    private const double ReadsReviews = 0.6;
    private const double AddsToBasket = 0.5;
    private const double LooksAtAnother = 0.6;
    private const double ChecksOut = 0.7;
    private const double LooksAtFavourite = 0.5;
    private const double IsDiscounted = 0.2;
    private const int MostProductsInSession = 20;
    private const int Redraws = 8;
    private const int MinWaitingCheckouts = 32;

    private static readonly string[] _paymentTypes = ["CreditCard", "DebitCard", "PayPal", "BankTransfer", "CashOnDelivery"];
    private static readonly float[] _paymentShares = [0.42f, 0.24f, 0.18f, 0.09f, 0.07f];
    private static readonly int[] _counts = [1, 2, 3, 4, 5, 10];
    private static readonly float[] _countShares = [0.62f, 0.2f, 0.09f, 0.05f, 0.03f, 0.01f];
    private static readonly decimal[] _discounts = [0.05m, 0.1m, 0.15m, 0.2m, 0.3m];

    private readonly TimeProvider _time;
    private readonly Randomizer _random;
    private readonly ShopCatalogue _catalogue;
    private readonly List<ShopSession> _open = [];
    private readonly HashSet<int> _activeUsers = [];
    private readonly Queue<ShopSession> _checkouts = new();
    private readonly int _openTarget;
    private DateTimeOffset _clock;
    private long _sessions;
    private long _orders;

    /// <summary>Creates the shop and its pools.</summary>
    /// <param name="options">Sizes, habits and seed.</param>
    /// <param name="time">Where "now" comes from.</param>
    /// <exception cref="ArgumentException">A value of the options is out of its bounds; the message names each.</exception>
    public ShopTraffic(ShopTrafficOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        if (options.Validate() is { Count: > 0 } failures)
            throw new ArgumentException(string.Join(' ', failures), nameof(options));
        _time = time;
        _random = new Randomizer(options.Seed);
        _catalogue = new ShopCatalogue(options);
        _openTarget = Math.Min(options.OpenSessions, options.Users);
        _clock = Microseconds(time.GetUtcNow());
        RunId = HashOf(options.Seed, _clock);
        _clock -= TimeSpan.FromSeconds(1);
    }

    /// <summary>The part of session and order numbers that is of this run: 10 characters.</summary>
    public string RunId { get; }

    /// <summary>
    /// Lets the shop go on for so many events and orders. Their timestamps are spread over the time since the batch before, at most the last
    /// second, and never go back. Orders come from sessions that are at the checkout, then from those with something in the basket; if both are
    /// too few for the number of orders asked for (more than about one for 13 events), the rest comes from sessions without events.
    /// Checkouts beyond what is asked for are dropped baskets.
    /// </summary>
    /// <param name="events">How many events, 0 or more.</param>
    /// <param name="orders">How many orders, 0 or more.</param>
    public TrafficBatch Next(int events, int orders)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(events);
        ArgumentOutOfRangeException.ThrowIfNegative(orders);
        var now = Microseconds(_time.GetUtcNow());
        var from = now - TimeSpan.FromSeconds(1);
        if (from < _clock)
            from = _clock;
        if (now < from)
            now = from;

        var waiting = Math.Max(MinWaitingCheckouts, 2 * orders);
        var happened = new UserEvent[events];
        for (var i = 0; i < events; i++)
            happened[i] = Step(Spread(from, now, i + 1, events), waiting);

        var placed = new PurchasedOrder[orders];
        var last = from;
        for (var i = 0; i < orders; i++)
        {
            var session = NextCheckout();
            last = Latest(Latest(Spread(from, now, i + 1, orders), session.LastEvent), last);
            placed[i] = Order(session, last);
        }

        _clock = now;
        return new TrafficBatch(happened, placed);
    }

    private UserEvent Step(DateTimeOffset at, int waitingCheckouts)
    {
        while (_open.Count < _openTarget)
            Open();

        var index = _random.Number(_open.Count - 1);
        var session = _open[index];
        session.LastEvent = at;
        var price = _catalogue.Price(session.Product);
        var step = new UserEvent(
            ShopCatalogue.UserId(session.User), session.SessionId, session.NextEvent, at,
            new EventAttributes(ShopCatalogue.ProductId(session.Product), price, session.Discount));

        if (session.NextEvent == EventNames.PageVisited && _random.Double() < ReadsReviews)
        {
            session.NextEvent = EventNames.CheckedProductReviews;
            return step;
        }

        if (session.NextEvent == EventNames.CheckedProductReviews && _random.Double() < AddsToBasket)
        {
            session.NextEvent = EventNames.AddedBasket;
            return step;
        }

        if (session.NextEvent == EventNames.AddedBasket)
            session.AddToBasket(session.Product, DrawCount(), price, session.Discount);

        if (session.Viewed.Count < MostProductsInSession && _random.Double() < LooksAtAnother)
        {
            LookAtProduct(session);
            return step;
        }

        Close(index);
        if (session.Basket.Count > 0 && _random.Double() < ChecksOut && _checkouts.Count < waitingCheckouts)
            _checkouts.Enqueue(session);
        return step;
    }

    private void Open()
    {
        var user = _catalogue.DrawUser(_random);
        for (var i = 0; i < Redraws && _activeUsers.Contains(user); i++)
            user = _catalogue.DrawUser(_random);
        while (!_activeUsers.Add(user))
            user = (user + 1) % _catalogue.Users;
        _open.Add(NewSession(user));
    }

    private void Close(int index)
    {
        _activeUsers.Remove(_open[index].User);
        _open.RemoveAt(index);
    }

    private ShopSession NewSession(int user)
    {
        var session = new ShopSession(user, Number("session", ++_sessions));
        LookAtProduct(session);
        return session;
    }

    private void LookAtProduct(ShopSession session)
    {
        var product = DrawProduct(session.User);
        for (var i = 0; i < Redraws && session.Viewed.Contains(product); i++)
            product = DrawProduct(session.User);
        session.Product = product;
        session.Viewed.Add(product);
        session.NextEvent = EventNames.PageVisited;
        session.Discount = _random.Double() < IsDiscounted
            ? Math.Round(_catalogue.Price(product) * _random.ArrayElement(_discounts), 2, MidpointRounding.ToEven)
            : 0m;
    }

    private int DrawProduct(int user) =>
        _random.Double() < LooksAtFavourite ? _catalogue.DrawFavourite(user, _random) : _catalogue.DrawProduct(_random);

    private int DrawCount() => _random.WeightedRandom(_counts, _countShares);

    private ShopSession NextCheckout()
    {
        if (_checkouts.TryDequeue(out var session))
            return session;

        var ready = _open.FindIndex(s => s.Basket.Count > 0);
        if (ready >= 0)
        {
            session = _open[ready];
            Close(ready);
            return session;
        }

        session = NewSession(_catalogue.DrawUser(_random));
        while (true)
        {
            session.AddToBasket(session.Product, DrawCount(), _catalogue.Price(session.Product), session.Discount);
            if (session.Viewed.Count >= MostProductsInSession || _random.Double() >= AddsToBasket * LooksAtAnother)
                return session;
            LookAtProduct(session);
        }
    }

    private PurchasedOrder Order(ShopSession session, DateTimeOffset at)
    {
        var lines = new PurchasedProduct[session.Basket.Count];
        var total = 0m;
        for (var i = 0; i < lines.Length; i++)
        {
            var line = session.Basket[i];
            lines[i] = new PurchasedProduct(ShopCatalogue.ProductId(line.Product), line.Count, line.Price, line.Discount);
            total += (line.Price - line.Discount) * line.Count;
        }

        return new PurchasedOrder(
            session.SessionId, at, ShopCatalogue.UserId(session.User), total, Number("order", ++_orders), lines,
            _random.WeightedRandom(_paymentTypes, _paymentShares));
    }

    private string Number(string kind, long number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{RunId}-{number:D7}");

    private static DateTimeOffset Spread(DateTimeOffset from, DateTimeOffset to, int part, int parts) =>
        Microseconds(from + TimeSpan.FromTicks((long)((to - from).Ticks * ((double)part / parts))));

    private static DateTimeOffset Latest(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Microseconds(DateTimeOffset time) =>
        new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    private static string HashOf(int seed, DateTimeOffset start)
    {
        Span<byte> source = stackalloc byte[12];
        BinaryPrimitives.WriteInt32LittleEndian(source, seed);
        BinaryPrimitives.WriteInt64LittleEndian(source[4..], start.UtcTicks);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(source, hash);
        return Convert.ToHexStringLower(hash[..5]);
    }
}
