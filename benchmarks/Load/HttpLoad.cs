using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// A closed-loop HTTP/1.1 load generator: each connection sends a request, waits for the whole answer and sends the next. It costs as little as it can, since it shares the
/// machine with what it measures: requests are prepared bytes, answers are only checked for status and length.
/// </summary>
internal static class HttpLoad
{
    private const int AnswerBuffer = 64 * 1024;

    /// <summary>Runs until the duration is over and returns what was measured after the warm-up.</summary>
    /// <param name="url">The server.</param>
    /// <param name="connections">Connections, one request under way on each.</param>
    /// <param name="warmUp">Not measured.</param>
    /// <param name="duration">Measured.</param>
    /// <param name="requests">Whole requests, heads included; connection c sends c, c + n, ... of them, again and again.</param>
    public static async Task<LoadResult> RunAsync(Uri url, int connections, TimeSpan warmUp, TimeSpan duration, IReadOnlyList<byte[]> requests)
    {
        var state = new State();
        var workers = Enumerable.Range(0, connections).Select(c => Task.Run(() => WorkAsync(url, state, requests, c, connections))).ToArray();
        await Task.Delay(warmUp);
        state.Measuring = true;
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(duration);
        state.Measuring = false;
        var elapsed = Stopwatch.GetElapsedTime(started);
        state.Stopping = true;
        await Task.WhenAll(workers);
        return new LoadResult(elapsed, [.. workers.SelectMany(w => w.GetAwaiter().GetResult().Latencies)], workers.Sum(w => w.GetAwaiter().GetResult().Failures));
    }

    /// <summary>The bytes of a request.</summary>
    public static byte[] Request(string method, string path, byte[] body)
    {
        var head = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n"));
        return [.. head, .. body];
    }

    private static async Task<WorkerResult> WorkAsync(Uri url, State state, IReadOnlyList<byte[]> requests, int first, int step)
    {
        var result = new WorkerResult();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Parse(url.Host), url.Port);
        var answer = new byte[AnswerBuffer];
        for (var next = first; !state.Stopping; next += step)
        {
            var started = Stopwatch.GetTimestamp();
            await SendAsync(socket, requests[next % requests.Count]);
            var status = await ReceiveAsync(socket, answer);
            if (!state.Measuring)
                continue;
            if (status == (int)HttpStatusCode.Accepted)
                result.Latencies.Add((int)Math.Min(int.MaxValue, Stopwatch.GetElapsedTime(started).TotalMicroseconds));
            else
                result.Failures++;
        }

        return result;
    }

    private static async ValueTask SendAsync(Socket socket, ReadOnlyMemory<byte> request)
    {
        while (request.Length > 0)
            request = request[await socket.SendAsync(request)..];
    }

    private static async ValueTask<int> ReceiveAsync(Socket socket, byte[] buffer)
    {
        var filled = 0;
        var total = -1;
        while (total < 0 || filled < total)
        {
            if (total > buffer.Length)
                return await SkipAsync(socket, buffer, filled, total);
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            filled += read;
            if (total < 0)
                total = TotalLength(buffer.AsSpan(0, filled));
        }

        return Status(buffer);
    }

    private static async ValueTask<int> SkipAsync(Socket socket, byte[] buffer, int filled, int total)
    {
        var status = Status(buffer);
        for (var left = total - filled; left > 0;)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(0, Math.Min(left, buffer.Length)));
            if (read == 0)
                throw new IOException("The server closed the connection.");
            left -= read;
        }

        return status;
    }

    private static int TotalLength(ReadOnlySpan<byte> answer)
    {
        var headEnd = answer.IndexOf("\r\n\r\n"u8);
        if (headEnd < 0)
            return -1;
        var at = answer[..headEnd].IndexOf("Content-Length: "u8);
        if (at < 0)
            return headEnd + 4;
        var digits = answer[(at + 16)..headEnd];
        return System.Buffers.Text.Utf8Parser.TryParse(digits, out int length, out _) ? headEnd + 4 + length : throw new IOException("The answer has no length.");
    }

    private static int Status(ReadOnlySpan<byte> answer) => ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + answer[11] - '0';

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
