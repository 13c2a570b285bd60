using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Pipeline.ServiceDefaults.Access;
using Pipeline.Workers.Generator;
using Spectre.Console;

namespace Pipeline.Workers.CommandLine;

/// <summary>The command <c>generate</c>.</summary>
internal static class GenerateCommand
{
    public static Command Create(Consoles consoles, TimeProvider time)
    {
        var defaults = new GeneratorOptions();
        var url = OptionParsing.Url();
        var duration = OptionParsing.Duration();
        var seed = new Option<int?>("--seed") { Description = "Decides the traffic; without it, another one each run.", HelpName = "N" };
        var events = new Option<double>("--events-per-second")
        {
            Description = "Events a second.",
            HelpName = "RATE",
            DefaultValueFactory = _ => defaults.EventsPerSecond,
        }.Within(0, TrafficRate.Max);
        var orders = new Option<double>("--orders-per-second")
        {
            Description = "Orders a second.",
            HelpName = "RATE",
            DefaultValueFactory = _ => defaults.OrdersPerSecond,
        }.Within(0, TrafficRate.Max);
        var users = new Option<int>("--users")
        {
            Description = "Users who shop; few of them often.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.Users,
        }.Within(1, ShopTrafficOptions.MaxUsers);
        var products = new Option<int>("--products")
        {
            Description = "Products on sale; few of them often.",
            HelpName = "N",
            DefaultValueFactory = _ => defaults.Products,
        }.Within(1, ShopTrafficOptions.MaxProducts);
        var json = new Option<bool>("--json") { Description = "Print the summary as JSON; progress goes to standard error." };

        var command = new Command(
            "generate",
            "Send made-up shop traffic to the API, a new batch every second: events to PUT /SendEvent, orders to POST /PurchasedItems. "
            + "Repeats what fails for a while under the same Idempotency-Key, waits when told to, and makes less when the API does not keep up.")
        {
            seed, events, orders, users, products, duration, url, json,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new GeneratorOptions
            {
                Url = parsed.GetValue(url)!,
                Key = AccessOptions.OwnKey(),
                Seed = parsed.GetValue(seed),
                EventsPerSecond = parsed.GetValue(events),
                OrdersPerSecond = parsed.GetValue(orders),
                Users = parsed.GetValue(users),
                Products = parsed.GetValue(products),
                Duration = parsed.GetValue(duration),
            },
            parsed.GetValue(json), consoles, time, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(GeneratorOptions options, bool json, Consoles consoles, TimeProvider time, CancellationToken cancellationToken)
    {
        using (var client = new ShopClient(options.Url, 1, new RetryOptions(), time, () => 0))
            await client.ProbeAsync(cancellationToken);

        using var generator = new TrafficGenerator(options, time, new GeneratorMetrics());
        var console = json ? consoles.Error : consoles.Out;
        var status = generator.Status;
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Run {status.RunId}, seed {status.Seed}: {options.EventsPerSecond} events/s and {options.OrdersPerSecond} orders/s to {options.Url}")
            + (options.Duration is null ? "; Ctrl-C stops it." : "."));
        var run = generator.RunAsync(null, cancellationToken);
        var line = new ProgressLine();
        await Consoles.ShowWhileAsync(console, time, () => line.Next(generator.Status), run);
        await run;

        status = generator.Status;
        if (json)
        {
            var summary = new GenerateSummary(
                status.Url, status.Seed, status.RunId, status.Elapsed.TotalSeconds, status.Events, status.Orders, status.LastTrouble);
            consoles.WriteRaw(JsonSerializer.Serialize(summary, SummaryJson.Default.GenerateSummary));
        }
        else
        {
            console.WriteLine($"Ran {Words.Seconds(status.Elapsed)} s.");
            console.WriteLine($"Events: {Words.Of(status.Events)}.");
            console.WriteLine($"Orders: {Words.Of(status.Orders)}.");
        }

        if (status.Events.Rejected + status.Events.Failed + status.Orders.Rejected + status.Orders.Failed == 0)
            return ExitCode.Ok;
        consoles.Fail($"The API did not take all of it; the last trouble: {status.LastTrouble}");
        return ExitCode.Failed;
    }

    /// <summary>A line of state with the rates since the line before.</summary>
    private sealed class ProgressLine
    {
        private TimeSpan _elapsed;
        private long _events;
        private long _orders;
        private long _troubles;

        public string Next(GeneratorStatus status)
        {
            var seconds = Math.Max((status.Elapsed - _elapsed).TotalSeconds, 0.001);
            var line = string.Create(CultureInfo.InvariantCulture, $"{status.Elapsed.TotalSeconds:N0} s: ")
                + Part("events", status.Events, _events, seconds) + "; " + Part("orders", status.Orders, _orders, seconds);
            var troubles = Troubles(status.Events) + Troubles(status.Orders);
            if (troubles > _troubles)
                line += $" - {status.LastTrouble}";
            (_elapsed, _events, _orders, _troubles) = (status.Elapsed, status.Events.Accepted, status.Orders.Accepted, troubles);
            return line;
        }

        private static string Part(string what, RouteCounts counts, long before, double seconds)
        {
            var part = string.Create(CultureInfo.InvariantCulture, $"{what} {(counts.Accepted - before) / seconds:N0}/s, {counts.Accepted:N0}");
            if (counts.Rejected + counts.Failed > 0)
                part += $", refused {Words.Count(counts.Rejected + counts.Failed)}";
            if (counts.Retried > 0)
                part += $", repeated {Words.Count(counts.Retried)}";
            if (counts.Skipped > 0)
                part += $", skipped {Words.Count(counts.Skipped)}";
            return part;
        }

        private static long Troubles(RouteCounts counts) => counts.Rejected + counts.Failed + counts.Retried + counts.Throttled;
    }
}
