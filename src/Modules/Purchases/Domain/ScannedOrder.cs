using System.Text.Json;

namespace Pipeline.Purchases.Domain;

/// <summary>The fields of an order as a scan found them: numbers by value, texts by where they lie in the payload. Used again for each order.</summary>
internal sealed class ScannedOrder
{
    private const int FirstProducts = 8;

    private ScannedProduct[] _products = new ScannedProduct[FirstProducts];

    public TextRange SessionId;

    /// <summary>Microseconds since 1970 UTC.</summary>
    public long TimeStamp;

    public TextRange UserId;

    /// <summary>Times 10^4.</summary>
    public long TotalPrice;

    public TextRange OrderId;

    public TextRange PaymentType;

    public int ProductCount { get; private set; }

    public ReadOnlySpan<ScannedProduct> Products => _products.AsSpan(0, ProductCount);

    /// <summary>Forgets the products of the order before.</summary>
    public void Clear() => ProductCount = 0;

    /// <summary>Adds a product to fill in; its fields are undefined.</summary>
    public ref ScannedProduct AddProduct()
    {
        if (ProductCount == _products.Length)
            Array.Resize(ref _products, ProductCount * 2);
        return ref _products[ProductCount++];
    }
}

/// <summary>A line of an order; prices times 10^4.</summary>
internal struct ScannedProduct
{
    public TextRange ProductId;
    public int ItemCount;
    public long ItemPrice;
    public long ItemDiscount;
}

/// <summary>Where the body of a JSON string lies in its payload, without the quotes.</summary>
/// <param name="Start">The first byte.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="IsEscaped">Whether it has escapes, all of them well formed and no half of a surrogate pair.</param>
internal readonly record struct TextRange(int Start, int Length, bool IsEscaped)
{
    /// <summary>The bytes as they stand in the payload.</summary>
    public ReadOnlySpan<byte> Raw(ReadOnlySpan<byte> payload) => payload.Slice(Start, Length);

    /// <summary>Writes the text without escapes; it is never longer than with them.</summary>
    /// <returns>The bytes written.</returns>
    public int Unescape(ReadOnlySpan<byte> payload, Span<byte> target)
    {
        var reader = new Utf8JsonReader(payload.Slice(Start - 1, Length + 2));
        reader.Read();
        return reader.CopyString(target);
    }
}
