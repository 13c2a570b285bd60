using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;

namespace Pipeline.Benchmarks;

/// <summary>Kestrel that only parses the body and answers 202: what HTTP and JSON alone cost on this machine.</summary>
internal static class BareServer
{
    public static Command Command()
    {
        var url = new Option<string>("--url") { DefaultValueFactory = _ => "http://127.0.0.1:5099" };
        var command = new Command("bare", "Serves the bare Kestrel that the other benchmarks compare with; they start it themselves.") { url };
        command.SetAction(async (parsed, cancellationToken) => await ServeAsync(parsed.GetValue(url)!, cancellationToken));
        return command;
    }

    /// <summary>Starts this program once more as the bare server.</summary>
    public static Process Start(Uri url)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false };
        foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "Pipeline.Benchmarks.dll"), "bare", "--url", url.GetLeftPart(UriPartial.Authority) })
            start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static async Task ServeAsync(string url, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        await using var app = builder.Build();
        app.MapPut("/SendEvent", (RequestDelegate)ParseAsync);
        app.MapPost("/PurchasedItems", (RequestDelegate)ParseAsync);
        await app.RunAsync(cancellationToken);
    }

    private static async Task ParseAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        var read = await reader.ReadAtLeastAsync((int)(context.Request.ContentLength ?? 1), context.RequestAborted);
        Parse(read.Buffer);
        reader.AdvanceTo(read.Buffer.End);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        context.Response.ContentLength = 0;
    }

    private static void Parse(System.Buffers.ReadOnlySequence<byte> body)
    {
        var json = new Utf8JsonReader(body);
        while (json.Read())
        {
            // Parsing is all.
        }
    }
}
