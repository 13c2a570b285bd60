using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Ingestion.Contracts;
using Pipeline.Workers.Generator;

namespace Pipeline.Workers.Tests;

public sealed class CsvOrdersTests
{
    private const string Header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

    [Fact]
    public async Task Read_Sample_EqualsNaiveComputation()
    {
        var (orders, report) = await ReadFileAsync(Repository.SampleCsv);
        CheckAgainstNaive(Repository.SampleCsv, orders, report);

        Assert.Equal((70, 23, 56, 14), (report.Lines, report.Orders, report.OrderLines, report.SkippedLines));
        Assert.Equal((5, 4), (report.Skipped(CsvSkipReason.Cancellation), report.CancelledInvoices));
        Assert.Equal(7, report.Skipped(CsvSkipReason.MissingCustomer));
        Assert.Equal(1, report.Skipped(CsvSkipReason.QuantityNotPositive));
        Assert.Equal(1, report.Skipped(CsvSkipReason.PriceNotPositive));
        Assert.Equal(1618.35m, report.Revenue);
        Assert.Equal(2, orders.Single(o => o.OrderId == "900002").Products.Count(p => p.ProductId == "1008"));
    }

    [SkippableFact]
    public async Task Read_RealFile_EqualsNaiveComputation()
    {
        Skip.If(Repository.RealCsv is null, "online-retail.csv is not in ../shared/data beside the repository nor under PIPELINE_SHARED.");
        var (orders, report) = await ReadFileAsync(Repository.RealCsv!);
        CheckAgainstNaive(Repository.RealCsv!, orders, report);

        Assert.Equal((10_000, 401, 7_608), (report.Lines, report.Orders, report.OrderLines));
        Assert.Equal((100, 43), (report.Skipped(CsvSkipReason.Cancellation), report.CancelledInvoices));
        Assert.Equal((2_291, 1), (report.Skipped(CsvSkipReason.MissingCustomer), report.Skipped(CsvSkipReason.PriceNotPositive)));
        Assert.Equal(148_206.83m, report.Revenue);
    }

    [Fact]
    public async Task Read_OneInvoice_BecomesOneOrder()
    {
        var (orders, _) = await ReadAsync($""""
            {Header}
            536365,85123A,WHITE HANGING HEART,6,12-01-2010 08:26,2.55,17850,United Kingdom
            536365,71053,"LANTERN, ""WHITE""",2,12-01-2010 08:27,3.4,17850,United Kingdom
            """");
        var order = Assert.Single(orders);
        Assert.Equal(("536365", "17850", "replay-536365"), (order.OrderId, order.UserId, order.SessionId));
        Assert.Equal(new DateTimeOffset(2010, 12, 1, 8, 26, 0, TimeSpan.Zero), order.TimeStamp);
        Assert.Equal(22.1m, order.TotalPrice);
        Assert.Equal([new PurchasedProduct("85123A", 6, 2.55m, 0), new PurchasedProduct("71053", 2, 3.4m, 0)], order.Products);
        Assert.Equal(CsvOrders.PaymentTypeOf("536365"), order.PaymentType);
    }

    [Theory]
    [InlineData("536365", "DebitCard")]
    [InlineData("536366", "CreditCard")]
    [InlineData("536367", "CashOnDelivery")]
    public void PaymentTypeOf_Invoice_IsItsFnvHash(string invoice, string expected) => Assert.Equal(expected, CsvOrders.PaymentTypeOf(invoice));

    [Fact]
    public async Task Read_LinesApartWithinTheWindow_JoinsThemAndReportsLaterOnes()
    {
        var csv = $"""
            {Header}
            1,A,d,1,12-01-2010 08:00,1,c1,UK
            2,A,d,1,12-01-2010 08:01,1,c2,UK
            1,B,d,1,12-01-2010 08:00,1,c1,UK
            3,A,d,1,12-01-2010 08:02,1,c3,UK
            4,A,d,1,12-01-2010 08:03,1,c4,UK
            5,A,d,1,12-01-2010 08:04,1,c5,UK
            1,C,d,1,12-01-2010 08:00,1,c1,UK
            """;
        var (orders, report) = await ReadAsync(csv, window: 2);
        Assert.Equal(["2", "1", "3", "4", "5"], orders.Select(o => o.OrderId));
        Assert.Equal(["A", "B"], orders[1].Products.Select(p => p.ProductId));
        Assert.Equal(1, report.Skipped(CsvSkipReason.TooLate));
        Assert.Equal(8, Assert.Single(report.Problems).Line);

        (orders, report) = await ReadAsync(csv, window: 4);
        Assert.Equal(3, orders.Single(o => o.OrderId == "1").Products.Count);
        Assert.Equal(0, report.SkippedLines);
    }

    [Theory]
    [InlineData("1,A,d,x,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1.5,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,99999999999,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1,2010-12-01T08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1,13-41-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1,12-01-2010 08:00,NaN,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1,12-01-2010 08:00,1e15,c,UK", CsvSkipReason.Unreadable)]
    [InlineData(",A,d,1,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,,d,1,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("1,A,d,1", CsvSkipReason.Unreadable)]
    [InlineData("1,A,\"d\"e,1,12-01-2010 08:00,1,c,UK", CsvSkipReason.Unreadable)]
    [InlineData("C1,A,d,-1,12-01-2010 08:00,1,c,UK", CsvSkipReason.Cancellation)]
    [InlineData("C1,A,d,1,12-01-2010 08:00,1,,UK", CsvSkipReason.Cancellation)]
    [InlineData("1,A,d,-1,12-01-2010 08:00,0,,UK", CsvSkipReason.MissingCustomer)]
    [InlineData("1,A,d,0,12-01-2010 08:00,0,c,UK", CsvSkipReason.QuantityNotPositive)]
    [InlineData("1,A,d,1,12-01-2010 08:00,0,c,UK", CsvSkipReason.PriceNotPositive)]
    [InlineData("1,A,d,1,12-01-2010 08:00,-2.5,c,UK", CsvSkipReason.PriceNotPositive)]
    [InlineData("0,A,d,1,12-01-2010 08:00,1,other,UK", CsvSkipReason.OtherCustomer)]
    public async Task Read_UnusableLine_IsReportedAndItsNeighboursAreRead(string line, CsvSkipReason reason)
    {
        var (orders, report) = await ReadAsync($"{Header}\n0,A,d,1,12-01-2010 08:00,1,c,UK\n{line}\n2,A,d,1,12-01-2010 08:00,1,c,UK\n");
        Assert.Equal(["0", "2"], orders.Select(o => o.OrderId));
        Assert.Equal((3, 2, 1), (report.Lines, report.OrderLines, report.SkippedLines));
        Assert.Equal(1, report.Skipped(reason));
    }

    [Theory]
    [InlineData("", "InvoiceNo")]
    [InlineData("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,Country\n", "UnitPrice, CustomerID")]
    [InlineData(Header + "\n1,A,\"open,1,12-01-2010 08:00,1,c,UK\n2,B,d,1,12-01-2010 08:00,1,c,UK\n", "line 2")]
    public async Task Read_FileThatIsNone_FailsSayingWhy(string csv, string expected)
    {
        var failure = await Assert.ThrowsAsync<TerminalException>(() => ReadAsync(csv));
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_QuoteThatSwallowsMoreThanARecordMayHold_Fails()
    {
        var csv = $"{Header}\n1,A,\"open,1,12-01-2010 08:00,1,c,UK\n" + string.Concat(Enumerable.Repeat("2,B,d,1,12-01-2010 08:00,1,c,UK\n", 60_000));
        await Assert.ThrowsAsync<TerminalException>(() => ReadAsync(csv));
    }

    [Fact]
    public async Task Read_OriginalDatesOtherColumnOrderAndUtf8Mark_AreUnderstood()
    {
        const string Csv = "Country,CustomerID,UnitPrice,InvoiceDate,Quantity,StockCode,InvoiceNo\nUK,Zoë,2.5,1/2/2011 9:05,2,Ä1,7\n";
        var (orders, _) = await ReadBytesAsync([.. Encoding.UTF8.GetPreamble(), .. Encoding.UTF8.GetBytes(Csv)]);
        var order = Assert.Single(orders);
        Assert.Equal(("7", "Zoë", "Ä1"), (order.OrderId, order.UserId, order.Products[0].ProductId));
        Assert.Equal(new DateTimeOffset(2011, 1, 2, 9, 5, 0, TimeSpan.Zero), order.TimeStamp);
    }

    [Fact]
    public async Task Read_Cancelled_Ends()
    {
        using var stop = new CancellationTokenSource();
        var lines = Enumerable.Range(0, 20_000).Select(i => $"{i},A,d,1,12-01-2010 08:00,1,c,UK\n");
        await using var file = new MemoryStream(Encoding.Latin1.GetBytes($"{Header}\n{string.Concat(lines)}"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var order in CsvOrders.ReadAsync(file, new CsvReport(), 1, stop.Token))
                await stop.CancelAsync();
        });
    }

    [Fact]
    public void Read_AnyFieldsQuotedByRfc4180_ReadsThem()
    {
        var character = Gen.Elements('a', 'ö', ' ', ',', '"', '\n', '\r', ';', '\'');
        var text = character.ListOf().Select(c => new string([.. c]));
        var line =
            from invoice in Gen.Choose(1, 6)
            from description in text
            from product in text.Where(t => t.Trim().Length > 0)
            from quantity in Gen.Choose(-1, 20)
            from cents in Gen.Choose(0, 9999)
            from ending in Gen.Elements("\n", "\r\n")
            select (invoice, description, product, quantity, price: cents / 100m, ending);

        Prop.ForAll(line.ListOf().ToArbitrary(), lines =>
        {
            var csv = new StringBuilder(Header).Append('\n');
            foreach (var (invoice, description, product, quantity, price, ending) in lines)
            {
                csv.Append(CultureInfo.InvariantCulture, $"{invoice},{Quote(product)},{Quote(description)},{quantity},12-01-2010 08:00,")
                    .Append(CultureInfo.InvariantCulture, $"{price},c{invoice},UK{ending}");
            }

            var (orders, report) = ReadAsync(csv.ToString()).GetAwaiter().GetResult();
            var expected = lines.Where(l => l.quantity > 0 && l.price > 0).GroupBy(l => l.invoice).ToArray();
            Assert.Equal(lines.Count, report.Lines);
            Assert.Equal(expected.Length, orders.Count);
            foreach (var group in expected)
            {
                var order = orders.Single(o => o.OrderId == group.Key.ToString(CultureInfo.InvariantCulture));
                Assert.Equal(group.Select(l => (l.product.Trim(), l.quantity, l.price)), order.Products.Select(p => (p.ProductId, p.ItemCount, p.ItemPrice)));
                Assert.Equal(group.Sum(l => l.price * l.quantity), order.TotalPrice);
            }
        }).QuickCheckThrowOnFailure();

        static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    [Fact]
    public void Read_AnyInterleavingAndWindow_JoinsOrReportsEveryLine()
    {
        var cases = Gen.Choose(1, 8).ListOf().Zip(Gen.Choose(1, 12));
        Prop.ForAll(cases.ToArbitrary(), c =>
        {
            var (invoices, window) = c;
            var csv = new StringBuilder(Header).Append('\n');
            for (var i = 0; i < invoices.Count; i++)
                csv.Append(CultureInfo.InvariantCulture, $"{invoices[i]},L{i},d,1,12-01-2010 08:00,1,c,UK\n");
            var (orders, report) = ReadAsync(csv.ToString(), window).GetAwaiter().GetResult();

            // Naive: a line is taken unless it and the one before of its invoice are further apart than the window, or the invoice was closed so.
            var last = new Dictionary<int, int>();
            var closed = new HashSet<int>();
            var expected = new Dictionary<int, List<string>>();
            for (var i = 0; i < invoices.Count; i++)
            {
                if (last.TryGetValue(invoices[i], out var before) && i - before > window)
                    closed.Add(invoices[i]);
                if (closed.Contains(invoices[i]))
                    continue;
                last[invoices[i]] = i;
                expected.TryAdd(invoices[i], []);
                expected[invoices[i]].Add($"L{i}");
            }

            Assert.Equal(invoices.Count, report.OrderLines + report.Skipped(CsvSkipReason.TooLate));
            Assert.Equal(expected.Count, orders.Count);
            foreach (var order in orders)
                Assert.Equal(expected[int.Parse(order.OrderId, CultureInfo.InvariantCulture)], order.Products.Select(p => p.ProductId));
        }).QuickCheckThrowOnFailure();
    }

    private static void CheckAgainstNaive(string path, List<PurchasedOrder> orders, CsvReport report)
    {
        var lines = NaiveCsv.Read(Encoding.Latin1.GetString(File.ReadAllBytes(path)));
        var cancelled = lines.Where(l => l["InvoiceNo"].StartsWith('C')).ToArray();
        var usable = lines
            .Where(l => !l["InvoiceNo"].StartsWith('C') && l["CustomerID"].Length > 0 && Number(l["Quantity"]) > 0 && Number(l["UnitPrice"]) > 0)
            .ToArray();
        Assert.Equal(lines.Count, report.Lines);
        Assert.Equal(usable.Length, report.OrderLines);
        Assert.Equal(cancelled.Length, report.Skipped(CsvSkipReason.Cancellation));
        Assert.Equal(cancelled.Select(l => l["InvoiceNo"]).Distinct().Count(), report.CancelledInvoices);
        Assert.Equal(lines.Count - usable.Length, report.SkippedLines);

        var expected = usable.GroupBy(l => l["InvoiceNo"]).ToDictionary(g => g.Key, g => g.ToArray());
        Assert.Equal(expected.Count, orders.Count);
        Assert.Equal(expected.Count, report.Orders);
        Assert.Equal(usable.Sum(l => Number(l["Quantity"]) * Number(l["UnitPrice"])), report.Revenue);
        foreach (var order in orders)
        {
            var invoice = expected[order.OrderId];
            Assert.Equal(invoice[0]["CustomerID"], order.UserId);
            Assert.Equal(
                DateTime.ParseExact(invoice[0]["InvoiceDate"], "MM-dd-yyyy HH:mm", CultureInfo.InvariantCulture), order.TimeStamp.UtcDateTime);
            Assert.Equal(invoice.Sum(l => Number(l["Quantity"]) * Number(l["UnitPrice"])), order.TotalPrice);
            Assert.Equal(
                invoice.Select(l => (l["StockCode"], Number(l["Quantity"]), Number(l["UnitPrice"]), 0m)),
                order.Products.Select(p => (p.ProductId, (decimal)p.ItemCount, p.ItemPrice, p.ItemDiscount)));
        }

        static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);
    }

    private static async Task<(List<PurchasedOrder> Orders, CsvReport Report)> ReadFileAsync(string path) =>
        await ReadBytesAsync(await File.ReadAllBytesAsync(path));

    private static Task<(List<PurchasedOrder> Orders, CsvReport Report)> ReadAsync(string csv, int window = CsvOrders.DefaultWindow) =>
        ReadBytesAsync(Encoding.Latin1.GetBytes(csv), window);

    private static async Task<(List<PurchasedOrder> Orders, CsvReport Report)> ReadBytesAsync(byte[] csv, int window = CsvOrders.DefaultWindow)
    {
        var report = new CsvReport();
        var orders = new List<PurchasedOrder>();
        await using var stream = new MemoryStream(csv);
        await foreach (var order in CsvOrders.ReadAsync(stream, report, window))
            orders.Add(order);
        return (orders, report);
    }
}
