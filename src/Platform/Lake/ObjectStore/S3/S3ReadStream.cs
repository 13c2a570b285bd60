using Amazon.S3.Model;

namespace Pipeline.Lake;

/// <summary>Reads an object from an offset on. Where the connection breaks it goes on from where it was, of the same version of the object.</summary>
internal sealed class S3ReadStream : ForwardStream
{
    private readonly S3Requests _requests;
    private readonly Func<long, CancellationToken, ValueTask<GetObjectResponse>> _open;
    private readonly string _subject;
    private readonly string _location;
    private readonly int _maxAttempts;
    private readonly long _end;
    private readonly string _etag;
    private GetObjectResponse _response;
    private long _position;

    /// <summary>Takes over an answer.</summary>
    /// <param name="requests">Gives the time of a read, and pauses.</param>
    /// <param name="first">The answer to the first request.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="open">Asks for the object from an offset on.</param>
    /// <param name="subject">The object, for messages.</param>
    /// <param name="location">The store, for messages.</param>
    /// <param name="maxAttempts">How often it is asked again without a byte coming.</param>
    public S3ReadStream(
        S3Requests requests, GetObjectResponse first, long offset, Func<long, CancellationToken, ValueTask<GetObjectResponse>> open,
        string subject, string location, int maxAttempts)
    {
        (_requests, _response, _open, _subject, _location, _maxAttempts) = (requests, first, open, subject, location, maxAttempts);
        _position = offset;
        _end = offset + first.ContentLength;
        _etag = first.ETag;
    }

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0 || _position >= _end)
            return 0;
        for (var attempt = 1; ; attempt++)
        {
            Exception error;
            try
            {
                var read = await _requests.OnceAsync(token => _response.ResponseStream.ReadAsync(buffer, token).AsTask(), cancellationToken);
                _position += read;
                if (read > 0)
                    return read;
                error = new IOException("the connection ended before the object did");
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                error = e;
            }

            var failure = S3Failure.Of(error);
            if (attempt >= _maxAttempts || !failure.MayPass)
                throw failure.ToException(error, "Read", _subject, _location);
            await _requests.PauseAsync(attempt, cancellationToken);
            _response.Dispose();
            _response = await _open(_position, cancellationToken);
            if (_response.ETag != _etag)
                throw new TransientException($"Read '{_subject}' in {_location}: the object was replaced while it was read.");
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _response.Dispose();
        base.Dispose(disposing);
    }
}
