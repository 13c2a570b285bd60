using Pipeline.Hosting;

namespace Pipeline.Api;

/// <summary>The HTTP host: every route, no background work.</summary>
internal static class ApiHost
{
    /// <summary>Runs until the process is told to stop.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        try
        {
            builder.AddPipeline("api");
        }
        catch (TerminalException e)
        {
            // What is configured cannot be run: a sentence, and no stack.
            using var logging = LoggerFactory.Create(l => l.AddSimpleConsole(c => c.SingleLine = true));
            Log.CannotStart(logging.CreateLogger("Pipeline.Api"), e.Message);
            return 1;
        }

        await using var app = builder.Build();
        app.MapPipeline();
        await app.RunAsync();
        return 0;
    }
}
