using Microsoft.Extensions.Options;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>The limits of records as of now.</summary>
internal sealed class LimitsProvider(IOptions<IngestionOptions> options, TimeProvider time)
{
    private readonly IngestionOptions _options = options.Value;
    private readonly TotalPriceRule _rule = Enum.Parse<TotalPriceRule>(options.Value.TotalPriceRule, ignoreCase: true);

    /// <summary>How many orders a request may hold.</summary>
    public int MaxOrders => _options.MaxOrders;

    /// <summary>The limits as of now.</summary>
    public RecordLimits Current => new(_options.Earliest, time.GetUtcNow() + _options.MaxFuture, _rule);
}
