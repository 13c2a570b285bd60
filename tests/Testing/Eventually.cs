using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Pipeline.Testing;

/// <summary>Waits for what another thread or process is about to bring about.</summary>
public static class Eventually
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Returns as soon as the condition holds.</summary>
    /// <param name="condition">What is waited for; looked at again and again.</param>
    /// <param name="timeout">When to give up; 30 s unless said.</param>
    /// <param name="describe">Says how things stand, for the failure's message.</param>
    /// <param name="text">The condition as written; filled in by the compiler.</param>
    /// <exception cref="TimeoutException">It did not hold in time; the message has the condition, how things stood, and its last error.</exception>
    public static Task TrueAsync(
        Func<bool> condition, TimeSpan? timeout = null, Func<string>? describe = null, [CallerArgumentExpression(nameof(condition))] string text = "") =>
        TrueAsync(() => Task.FromResult(condition()), timeout, describe, text);

    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, Func{string}?, string)"/>
    public static async Task TrueAsync(
        Func<Task<bool>> condition, TimeSpan? timeout = null, Func<string>? describe = null, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        await ResultAsync<object>(async () => await condition() ? condition : null, timeout, describe, text);
    }

    /// <summary>Returns the first value that is not null.</summary>
    /// <inheritdoc cref="TrueAsync(Func{bool}, TimeSpan?, Func{string}?, string)"/>
    public static async Task<T> ResultAsync<T>(
        Func<Task<T?>> probe, TimeSpan? timeout = null, Func<string>? describe = null, [CallerArgumentExpression(nameof(probe))] string text = "")
        where T : class
    {
        var patience = timeout ?? _patience;
        var watch = Stopwatch.StartNew();
        var pause = TimeSpan.FromMilliseconds(1);
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await probe() is { } value)
                    return value;
                last = null;
            }
            catch (Exception e)
            {
                last = e;
            }

            if (watch.Elapsed > patience)
            {
                var state = describe is null ? "" : $" Now: {describe()}.";
                var error = last is null ? "" : $" Last error: {last.Message}";
                throw new TimeoutException($"Not within {patience.TotalSeconds:0.#} s: {text}.{state}{error}", last);
            }

            await Task.Delay(pause);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }
}
