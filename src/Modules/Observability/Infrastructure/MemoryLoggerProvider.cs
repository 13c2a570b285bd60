using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Observability.Application;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Infrastructure;

/// <summary>Keeps log records in memory, with the span that they were written in.</summary>
[ProviderAlias("Memory")]
internal sealed class MemoryLoggerProvider(LineStore lines) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new MemoryLogger(lines, categoryName);

    public void Dispose()
    {
        // The store belongs to the container.
    }

    private sealed class MemoryLogger(LineStore lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var span = Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity ? SpanConverter.KeyOf(activity.Context) : default;
            lines.Add((LineLevel)logLevel, category, formatter(state, exception), exception?.ToString(), span);
        }
    }
}
