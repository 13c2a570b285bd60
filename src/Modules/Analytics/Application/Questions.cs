using System.Text;
using Pipeline.Analytics.Contracts;

namespace Pipeline.Analytics.Application;

/// <summary>The questions of the module. The SQL of each is an embedded file of its name; the comment that it begins with is the description.</summary>
internal static class Questions
{
    public const string Root = "/analytics";

    private const string OverLake = "DuckDB";
    private const string OverWarehouse = "PostgreSQL";

    private static readonly QuestionView _orders = View("orders");
    private static readonly QuestionView _orderLines = View("order_lines");
    private static readonly QuestionParameter _limit = new("limit", "The most rows, 1 to 1000; 10 when left out.");

    public static AnalyticsQuestion TopProducts { get; } = Question("top-products", OverLake, [_limit], _orders, _orderLines);

    public static AnalyticsQuestion PaymentTypes { get; } = Question("payment-types", OverLake, [], _orders);

    public static AnalyticsQuestion TopCustomers { get; } = Question(
        "top-customers",
        OverLake,
        [
            new("hours", "The length of the window in hours, 1 to 878400; 1 when left out."),
            _limit,
            new("until", "The end of the window, ISO 8601 with a zone; now when left out."),
        ],
        _orders);

    public static AnalyticsQuestion RepeatPurchases { get; } = Question(
        "repeat-purchases",
        OverLake,
        [
            new("limit", "The most rows of the page, 1 to 10000; 100 when left out."),
            new("after", "Where the page before ended, from its Link header; the first page when left out."),
        ],
        _orders,
        _orderLines);

    public static AnalyticsQuestion MostRepurchased { get; } = Question("most-repurchased", OverWarehouse, [_limit]);

    public static IReadOnlyList<AnalyticsQuestion> All { get; } = [TopProducts, PaymentTypes, TopCustomers, RepeatPurchases, MostRepurchased];

    /// <summary>The views over <c>purchased_items</c> and <c>repeated_orders</c>, in the order of their definition.</summary>
    public static IReadOnlyList<QuestionView> Views { get; } = [_orders, _orderLines];

    private static AnalyticsQuestion Question(string name, string engine, IReadOnlyList<QuestionParameter> parameters, params IReadOnlyList<QuestionView> views)
    {
        var sql = Read($"Sql/{name}.sql");
        return new AnalyticsQuestion(name, $"{Root}/{name}", DescriptionOf(sql), engine, parameters, sql, views);
    }

    private static QuestionView View(string name) => new(name, Read($"Sql/Views/{name}.sql"));

    private static string DescriptionOf(string sql) =>
        string.Join(' ', sql.Split('\n').TakeWhile(line => line.StartsWith("--", StringComparison.Ordinal)).Select(line => line[2..].Trim()));

    private static string Read(string resource)
    {
        using var stream = typeof(Questions).Assembly.GetManifestResourceStream(resource)
            ?? throw new TerminalException($"The module's assembly does not hold {resource}.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
