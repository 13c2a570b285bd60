using System.Text;
using MediatR;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Pipeline.Ingestion.Application;
using Pipeline.Ingestion.Contracts;
using Pipeline.Ingestion.Domain;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Ingestion.Infrastructure.Http;

/// <summary>The HTTP border of both publishing routes: limits, content type, body, idempotency key, and one answer for each outcome.</summary>
internal sealed class PublishEndpoint(
    InFlightLimit inFlight, DiskSpace disk, RejectionLog rejections, TimeProvider time, IOptions<IngestionOptions> options, ILogger<PublishEndpoint> logger)
{
    private const string IdempotencyKeyHeader = "Idempotency-Key";
    private const string Json = "application/json";
    private const int MaxKeyLength = 255;
    private const int KeptBodyBytes = 2_048;
    private const int KeptErrors = 20;

    private readonly IngestionOptions _options = options.Value;

    /// <summary>Handles one request; <paramref name="createRequest"/> makes the use case's message of the body and the idempotency key.</summary>
    public async Task HandleAsync(HttpContext context, Func<ReadOnlyMemory<byte>, string?, IRequest<PublishResult>> createRequest)
    {
        var length = context.Request.ContentLength ?? _options.MaxBodyBytes;
        if (!inFlight.TryEnter(Math.Min(length, _options.MaxBodyBytes)))
        {
            await RejectAsync(context, RejectionReason.TooManyRequests, StatusCodes.Status429TooManyRequests, "Too many requests are under way; try again later.");
            return;
        }

        try
        {
            await AcceptAsync(context, createRequest);
        }
        finally
        {
            inFlight.Exit(Math.Min(length, _options.MaxBodyBytes));
        }
    }

    private async Task AcceptAsync(HttpContext context, Func<ReadOnlyMemory<byte>, string?, IRequest<PublishResult>> createRequest)
    {
        if (disk.Shortage is { } shortage)
        {
            await RejectAsync(context, RejectionReason.Unavailable, StatusCodes.Status503ServiceUnavailable, shortage);
            return;
        }

        var request = context.Request;
        if (!IsJson(request.ContentType) || request.Headers.ContentEncoding.Count > 0)
        {
            await RejectAsync(context, RejectionReason.UnsupportedMediaType, StatusCodes.Status415UnsupportedMediaType,
                "The body must be JSON in UTF-8, not compressed: send Content-Type: application/json.");
            return;
        }

        if (request.ContentLength > _options.MaxBodyBytes)
        {
            await RejectTooLargeAsync(context);
            return;
        }

        if (!TryGetKey(request, out var key))
        {
            var errors = new FieldErrors();
            errors.Add(IdempotencyKeyHeader, $"must be given once, as 1 to {MaxKeyLength} visible ASCII characters");
            await RejectAsync(context, RejectionReason.Invalid, StatusCodes.Status400BadRequest, "The request is not valid.", errors);
            return;
        }

        // No token of the request on this path: it costs a source and a registration a request, and saves only the answer to a client that is gone.
        // Reading the body ends with the connection, an append within the log's own time limit.
        try
        {
            using var body = await RequestBody.ReadAsync(request, _options.MaxBodyBytes, CancellationToken.None);
            var mediator = context.RequestServices.GetRequiredService<IMediator>();
            var result = await mediator.Send(createRequest(body.Bytes, key), CancellationToken.None);
            await AnswerAsync(context, result, body.Bytes);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await RejectTooLargeAsync(context);
        }
        catch (TransientException e)
        {
            Log.Unavailable(logger, request.Path, e.Message);
            await RejectAsync(context, RejectionReason.Unavailable, StatusCodes.Status503ServiceUnavailable, "The log cannot take records now; nothing is lost if you try again.");
        }
    }

    private Task AnswerAsync(HttpContext context, PublishResult result, ReadOnlyMemory<byte> body) => result.Outcome switch
    {
        PublishOutcome.Accepted => WriteAsync(context, StatusCodes.Status202Accepted, Json, result.Answer),
        PublishOutcome.Invalid => RejectAsync(context, RejectionReason.Invalid, StatusCodes.Status400BadRequest,
            "The request is not valid; nothing of it was stored.", result.Errors, body),
        PublishOutcome.TooManyOrders => RejectTooLargeAsync(context),
        PublishOutcome.KeyConflict => RejectAsync(context, RejectionReason.IdempotencyConflict, StatusCodes.Status409Conflict,
            "This Idempotency-Key came with another body before."),
        _ => RejectAsync(context, RejectionReason.IdempotencyConflict, StatusCodes.Status503ServiceUnavailable,
            "A request with this Idempotency-Key is under way or was cut off a moment ago; try again with the same key."),
    };

    private Task RejectTooLargeAsync(HttpContext context) => RejectAsync(context, RejectionReason.TooLarge, StatusCodes.Status413PayloadTooLarge,
        $"A request holds at most {_options.MaxBodyBytes} bytes and {_options.MaxOrders} orders.");

    private async Task RejectAsync(
        HttpContext context, RejectionReason reason, int status, string title, FieldErrors? errors = null, ReadOnlyMemory<byte> body = default)
    {
        RefusedRequests.Trace(context, status, reason.ToString());
        var kept = errors?.Messages.Take(KeptErrors).ToDictionary();
        var text = body.IsEmpty ? null : Encoding.UTF8.GetString(body.Span[..Math.Min(body.Length, KeptBodyBytes)]);
        rejections.Add(new RejectedRequest(time.GetUtcNow(), context.Request.Method, context.Request.Path, status, reason, kept, text));
        if (context.Response.HasStarted)
            return;
        if (status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable)
            context.Response.Headers.RetryAfter = HeaderUtilities.FormatNonNegativeInt64(_options.RetryAfterSeconds);
        await WriteAsync(context, status, "application/problem+json", ProblemWriter.Write(status, title, errors));
    }

    private static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> bytes)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = bytes.Length;
        await response.BodyWriter.WriteAsync(bytes, CancellationToken.None);
    }

    private static bool IsJson(string? contentType) =>
        contentType == Json
        || (MediaTypeHeaderValue.TryParse(contentType, out var parsed)
            && (parsed.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase) || parsed.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase))
            && (!parsed.Charset.HasValue || parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)));

    private static bool TryGetKey(HttpRequest request, out string? key)
    {
        key = null;
        if (!request.Headers.TryGetValue(IdempotencyKeyHeader, out var values))
            return true;
        key = values.Count == 1 ? values[0] : null;
        return key is { Length: >= 1 and <= MaxKeyLength } && key.All(c => c is > ' ' and < (char)0x7F);
    }
}
