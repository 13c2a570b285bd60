using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Pipeline.Benchmarks.Load;

/// <summary>One connection of the load: a request under way, and as much of its answer as has come.</summary>
internal sealed class Connection
{
    public const string KeyHeader = "Idempotency-Key: ";
    public const int KeyDigits = 16;

    private const int BufferBytes = 64 * 1024;

    private readonly IReadOnlyList<byte[]> _requests;
    private readonly int _step;
    private readonly bool _keyed;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _next;
    private int _kept;
    private int _left;

    public Connection(Uri url, IReadOnlyList<byte[]> requests, int first, int step)
    {
        _requests = requests;
        _next = first;
        _step = step;
        _keyed = requests[0].AsSpan().IndexOf(KeyHeaderUtf8) >= 0;
        Socket.Connect(IPAddress.Parse(url.Host), url.Port);
    }

    private static ReadOnlySpan<byte> KeyHeaderUtf8 => "Idempotency-Key: "u8;

    public Socket Socket { get; } = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>When the request was sent.</summary>
    public long Started { get; private set; }

    /// <summary>Sends the next request.</summary>
    public void Send()
    {
        var request = _requests[_next % _requests.Count];
        if (_keyed)
            GiveKey(request);
        Started = Stopwatch.GetTimestamp();
        _kept = 0;
        _left = -1;
        Socket.Send(request);
        _next += _step;
    }

    /// <summary>Takes what has come; true where the answer is whole.</summary>
    public bool Receive(out int status)
    {
        status = 0;
        var read = Socket.Receive(_buffer.AsSpan(_left < 0 ? _kept : 0));
        if (read == 0)
            throw new IOException("The server closed the connection.");
        if (_left < 0)
        {
            _kept += read;
            var total = TotalLength(_buffer.AsSpan(0, _kept));
            if (total < 0)
                return false;
            Status = StatusOf(_buffer);
            _left = total - _kept;
        }
        else
        {
            _left -= read;
        }

        status = Status;
        return _left == 0;
    }

    private int Status { get; set; }

    /// <summary>A key that no request had before, in its place; all connections send in one thread.</summary>
    private static void GiveKey(Span<byte> request) =>
        Random.Shared.NextInt64().TryFormat(request.Slice(request.IndexOf(KeyHeaderUtf8) + KeyHeader.Length, KeyDigits), out _, "x16", CultureInfo.InvariantCulture);

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

    private static int StatusOf(ReadOnlySpan<byte> answer) => ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + answer[11] - '0';
}
