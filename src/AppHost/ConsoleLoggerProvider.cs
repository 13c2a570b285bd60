using Spectre.Console;

namespace Pipeline.AppHost;

/// <summary>Log lines through the same console as the status line, so that neither tears the other.</summary>
internal sealed class ConsoleLoggerProvider(IAnsiConsole console) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new ConsoleLogger(console, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private sealed class ConsoleLogger(IAnsiConsole console, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var (name, colour) = logLevel switch
            {
                LogLevel.Warning => ("warn", Color.Yellow),
                LogLevel.Error or LogLevel.Critical => ("fail", Color.Red),
                _ => ("info", Color.Grey),
            };
            var text = $"{name} {category}: {formatter(state, exception)}";
            if (exception is not null)
                text += Environment.NewLine + exception;
            console.Write(new Text(text + Environment.NewLine, new Style(colour)));
        }
    }
}
