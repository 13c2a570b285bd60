using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// A closed-loop HTTP/1.1 load generator: each connection sends a request, waits for the whole answer and sends the next. It costs as little as it can, since it shares the
/// machine with what it measures: one thread waits for all connections, requests are prepared bytes, answers are only checked for status and length.
/// </summary>
internal static class HttpLoad
{
    private const int PollMicroseconds = 100_000;

    /// <summary>Runs until the duration is over and returns what was measured after the warm-up.</summary>
    /// <param name="url">The server.</param>
    /// <param name="connections">Connections, one request under way on each.</param>
    /// <param name="warmUp">Not measured.</param>
    /// <param name="duration">Measured.</param>
    /// <param name="requests">Whole requests, heads included; connection c sends c, c + n, ... of them, again and again.</param>
    public static async Task<LoadResult> RunAsync(Uri url, int connections, TimeSpan warmUp, TimeSpan duration, IReadOnlyList<byte[]> requests)
    {
        var state = new State();
        var result = new TaskCompletionSource<WorkerResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                result.SetResult(Work(url, state, requests, connections));
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                result.SetException(e);
            }
        })
        { IsBackground = true, Name = "load" }.Start();
        await Task.WhenAny(result.Task, Task.Delay(warmUp));
        state.Measuring = true;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAny(result.Task, Task.Delay(duration));
        state.Measuring = false;
        var elapsed = Stopwatch.GetElapsedTime(started);
        state.Stopping = true;
        var done = await result.Task;
        return new LoadResult(elapsed, done.Latencies, done.Failures);
    }

    /// <summary>The bytes of a request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    /// <param name="body">The body.</param>
    /// <param name="keyed">Whether it has an <c>Idempotency-Key</c>, which is another one each time that it is sent.</param>
    public static byte[] Request(string method, string path, byte[] body, bool keyed = false)
    {
        var key = keyed ? $"{Connection.KeyHeader}{new string('0', Connection.KeyDigits)}\r\n" : "";
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{key}Content-Length: {body.Length}\r\n\r\n"));
        return [.. head, .. body];
    }

    private static WorkerResult Work(Uri url, State state, IReadOnlyList<byte[]> requests, int count)
    {
        var result = new WorkerResult();
        var connections = new Dictionary<Socket, Connection>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var connection = new Connection(url, requests, i, count);
                connections.Add(connection.Socket, connection);
                connection.Send();
            }

            var ready = new List<Socket>(count);
            while (!state.Stopping)
            {
                ready.Clear();
                ready.AddRange(connections.Keys);
                Socket.Select(ready, null, null, PollMicroseconds);
                foreach (var socket in ready)
                    Continue(connections[socket], state, result);
            }

            return result;
        }
        finally
        {
            foreach (var socket in connections.Keys)
                socket.Dispose();
        }
    }

    private static void Continue(Connection connection, State state, WorkerResult result)
    {
        if (!connection.Receive(out var status))
            return;
        if (state.Measuring)
        {
            if (status == (int)HttpStatusCode.Accepted)
                result.Latencies.Add((int)Math.Min(int.MaxValue, Stopwatch.GetElapsedTime(connection.Started).TotalMicroseconds));
            else
                result.Failures++;
        }

        connection.Send();
    }

    private sealed class State
    {
        public volatile bool Measuring;
        public volatile bool Stopping;
    }

    private sealed class WorkerResult
    {
        public List<int> Latencies { get; } = new(1 << 16);

        public long Failures { get; set; }
    }
}

/// <summary>What a load run measured.</summary>
/// <param name="Elapsed">The measured time.</param>
/// <param name="LatenciesMicroseconds">Of each accepted request.</param>
/// <param name="Failures">Requests answered otherwise than 202.</param>
internal sealed record LoadResult(TimeSpan Elapsed, IReadOnlyList<int> LatenciesMicroseconds, long Failures)
{
    public double RequestsPerSecond => LatenciesMicroseconds.Count / Elapsed.TotalSeconds;

    public TimeSpan Percentile(double p)
    {
        if (LatenciesMicroseconds.Count == 0)
            return TimeSpan.Zero;
        var sorted = LatenciesMicroseconds.Order().ToArray();
        return TimeSpan.FromMicroseconds(sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * p))]);
    }
}
