using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Pipeline.Lake.Tests.S3;

/// <summary>A network that does to requests what a test says, and notes them.</summary>
internal sealed class FaultyNetwork
{
    private readonly ConcurrentQueue<Func<Call, Task<HttpResponseMessage>?>> _plans = new();

    /// <summary>Method and path of each request, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public HttpMessageHandler Over(HttpMessageHandler inner) => new Handler(this) { InnerHandler = inner };

    /// <summary>Does something to the next request that fits.</summary>
    public void Next(Func<HttpRequestMessage, bool> fits, Func<Call, Task<HttpResponseMessage>> fault)
    {
        var used = 0;
        _plans.Enqueue(call => fits(call.Request) && Interlocked.Exchange(ref used, 1) == 0 ? fault(call) : null);
    }

    /// <summary>Does something to every request that fits.</summary>
    public void Always(Func<HttpRequestMessage, bool> fits, Func<Call, Task<HttpResponseMessage>> fault) =>
        _plans.Enqueue(call => fits(call.Request) ? fault(call) : null);

    public static bool IsPut(HttpRequestMessage request) => request.Method == HttpMethod.Put;

    public static bool IsGet(HttpRequestMessage request) => request.Method == HttpMethod.Get;

    public static bool IsConditional(HttpRequestMessage request) => request.Headers.Contains("If-None-Match");

    /// <summary>The server answers with an error and does nothing.</summary>
    public static Func<Call, Task<HttpResponseMessage>> Answer(HttpStatusCode status, string code) => call => Task.FromResult(new HttpResponseMessage(status)
    {
        RequestMessage = call.Request,
        Content = new StringContent($"<Error><Code>{code}</Code><Message>told to</Message></Error>", Encoding.UTF8, "application/xml"),
    });

    /// <summary>The connection breaks before the server gets anything.</summary>
    public static Task<HttpResponseMessage> Break(Call call) => throw new HttpRequestException("broken on the way there", new IOException("Broken pipe"));

    /// <summary>The server does what it was asked, and the connection breaks before its answer.</summary>
    public static async Task<HttpResponseMessage> LoseAnswer(Call call)
    {
        using var lost = await call.Send();
        throw new HttpRequestException("broken on the way back", new IOException("Connection reset by peer"));
    }

    /// <summary>The server does what it was asked and says that it failed.</summary>
    public static async Task<HttpResponseMessage> DoAndFail(Call call)
    {
        using var lost = await call.Send();
        return await Answer(HttpStatusCode.InternalServerError, "InternalError")(call);
    }

    /// <summary>No answer, for ever.</summary>
    public static async Task<HttpResponseMessage> Hang(Call call)
    {
        await Task.Delay(Timeout.Infinite, call.Cancellation);
        throw new InvalidOperationException();
    }

    /// <summary>The answer's body ends after some bytes.</summary>
    public static Func<Call, Task<HttpResponseMessage>> CutBody(int after) => async call =>
    {
        var response = await call.Send();
        var cut = new StreamContent(new CutStream(await response.Content.ReadAsStreamAsync(call.Cancellation), after));
        foreach (var header in response.Content.Headers)
            cut.Headers.TryAddWithoutValidation(header.Key, header.Value);
        response.Content = cut;
        return response;
    };

    internal sealed record Call(HttpRequestMessage Request, Func<Task<HttpResponseMessage>> Send, CancellationToken Cancellation);

    private sealed class Handler(FaultyNetwork network) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            network.Requests.Enqueue($"{request.Method} {request.RequestUri!.AbsolutePath}");
            var call = new Call(request, () => base.SendAsync(request, cancellationToken), cancellationToken);
            foreach (var plan in network._plans)
            {
                if (plan(call) is { } fault)
                    return fault;
            }

            return call.Send();
        }
    }

    private sealed class CutStream(Stream inner, int left) : Stream
    {
        private int _left = left;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_left == 0)
                throw new HttpIOException(HttpRequestError.ResponseEnded, "cut in mid-body");
            var read = await inner.ReadAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken);
            _left -= read;
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
