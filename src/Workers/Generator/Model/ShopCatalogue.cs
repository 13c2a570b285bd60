using System.Globalization;
using Bogus;

namespace Pipeline.Workers.Generator;

/// <summary>
/// The pools: who shops, what is sold and for how much. The same for every seed, so that prices, best sellers and favourites stay what they
/// are when the generator starts again; the seed decides only who does what and when.
/// </summary>
internal sealed class ShopCatalogue
{
    private const int FavouritesPerUser = 5;
    private const ulong FavouriteStream = 0x9E3779B97F4A7C15;

    private static readonly (decimal From, decimal To)[] _priceBands = [(0.5m, 10m), (10m, 30m), (30m, 80m), (80m, 300m), (300m, 1_500m)];
    private static readonly float[] _priceBandShares = [0.35f, 0.35f, 0.2f, 0.08f, 0.02f];

    private readonly ZipfSampler _users;
    private readonly ZipfSampler _products;
    private readonly ZipfSampler _favourites = new(FavouritesPerUser, 1.0);
    private readonly int[] _productOfRank;
    private readonly decimal[] _prices;

    public ShopCatalogue(ShopTrafficOptions options)
    {
        _users = new ZipfSampler(options.Users, options.UserSkew);
        _products = new ZipfSampler(options.Products, options.ProductSkew);

        // Popularity is not the order of the numbers: a shop's first product is seldom its best seller.
        _productOfRank = new Randomizer(options.Products).Shuffle(Enumerable.Range(0, options.Products)).ToArray();
        _prices = new decimal[options.Products];
        var faker = new Faker();
        for (var product = 0; product < _prices.Length; product++)
        {
            faker.Random = new Randomizer(product);
            var (from, to) = faker.Random.WeightedRandom(_priceBands, _priceBandShares);
            _prices[product] = faker.Finance.Amount(from, to, 2);
        }
    }

    public int Users => _users.Count;

    public int Products => _prices.Length;

    public int DrawUser(Randomizer random) => _users.Rank(random.Double());

    public int DrawProduct(Randomizer random) => _productOfRank[_products.Rank(random.Double())];

    /// <summary>One of the few products that this user comes back for; popular products are favourites of more users.</summary>
    public int DrawFavourite(int user, Randomizer random)
    {
        var favourite = _favourites.Rank(random.Double());
        var bits = Mix(((ulong)user * FavouritesPerUser) + (ulong)favourite + FavouriteStream);
        return _productOfRank[_products.Rank((bits >> 11) * (1.0 / (1UL << 53)))];
    }

    public decimal Price(int product) => _prices[product];

    public static string UserId(int user) => string.Create(CultureInfo.InvariantCulture, $"user-{user + 1:D6}");

    public static string ProductId(int product) => string.Create(CultureInfo.InvariantCulture, $"product-{product + 1:D5}");

    // SplitMix64's finaliser: neighbouring users get unrelated favourites without storing any.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
