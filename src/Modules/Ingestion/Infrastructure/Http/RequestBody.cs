using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Ingestion.Infrastructure.Http;

/// <summary>The whole body of a request: in Kestrel's own buffer where it lies there in one piece, else copied to a pooled one.</summary>
internal sealed class RequestBody : IDisposable
{
    private readonly PipeReader? _reader;
    private readonly SequencePosition _end;
    private byte[]? _pooled;

    private RequestBody(PipeReader? reader, SequencePosition end, byte[]? pooled, ReadOnlyMemory<byte> bytes)
    {
        _reader = reader;
        _end = end;
        _pooled = pooled;
        Bytes = bytes;
    }

    /// <summary>The bytes; valid until disposed.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Reads all of the body.</summary>
    /// <exception cref="BadHttpRequestException">413: there is more than <paramref name="maxBytes"/>. Other statuses: the body breaks HTTP.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        var reader = request.BodyReader;
        var minimum = (int)Math.Min(request.ContentLength ?? 1, maxBytes);
        while (true)
        {
            var result = await reader.ReadAtLeastAsync(minimum, cancellationToken);
            var buffer = result.Buffer;
            if (buffer.Length > maxBytes)
            {
                reader.AdvanceTo(buffer.End);
                throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
            }

            if (result.IsCompleted || buffer.Length == request.ContentLength)
                return Take(reader, buffer);
            reader.AdvanceTo(buffer.Start, buffer.End);
            minimum = (int)Math.Min(buffer.Length + 1, maxBytes + 1L);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _reader?.AdvanceTo(_end);
        if (Interlocked.Exchange(ref _pooled, null) is { } pooled)
            ArrayPool<byte>.Shared.Return(pooled);
    }

    private static RequestBody Take(PipeReader reader, ReadOnlySequence<byte> buffer)
    {
        if (buffer.IsSingleSegment)
            return new RequestBody(reader, buffer.End, null, buffer.First);
        var length = (int)buffer.Length;
        var pooled = ArrayPool<byte>.Shared.Rent(length);
        buffer.CopyTo(pooled);
        reader.AdvanceTo(buffer.End);
        return new RequestBody(null, default, pooled, pooled.AsMemory(0, length));
    }
}
