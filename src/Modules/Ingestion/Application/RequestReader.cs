using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FluentValidation.Results;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>
/// Turns the bytes of a request into valid records. Canonical, plainly valid bytes are scanned once and kept as they are; everything else is read leniently, checked by
/// the validators, and either explained field by field or rewritten as canonical JSON.
/// </summary>
internal static class RequestReader
{
    private const string NotUtf8 = "is not valid UTF-8";

    /// <summary>Reads the body of <c>PUT /SendEvent</c>.</summary>
    public static ReadRequest ReadEvent(ReadOnlyMemory<byte> body, in RecordLimits limits)
    {
        if (UserEventScanner.TryScan(body.Span, limits, out var scanned))
            return ReadRequest.Valid(body, scanned);

        var errors = new FieldErrors();
        using var document = Parse(body, errors);
        if (document is null || DraftReader.ReadEvent(document.RootElement, errors) is not { } draft)
            return ReadRequest.Invalid(errors);
        Collect(errors, "", new UserEventDraftValidator(limits).Validate(draft));
        if (!errors.IsEmpty)
            return ReadRequest.Invalid(errors);

        var buffer = new ArrayBufferWriter<byte>(body.Length + 64);
        var record = WriteKey(buffer, draft.UserId!);
        using (var json = new Utf8JsonWriter(buffer, CanonicalWriter.Options))
            CanonicalWriter.Write(json, draft);
        return ReadRequest.Valid(buffer.WrittenMemory, record with { Length = buffer.WrittenCount - record.Start });
    }

    /// <summary>Reads the body of <c>POST /PurchasedItems</c>.</summary>
    public static ReadRequest ReadOrders(ReadOnlyMemory<byte> body, in RecordLimits limits, int maxOrders)
    {
        if (OrderScanner.TryScan(body.Span, limits, maxOrders, out var records, out var count))
            return ReadRequest.Valid(body, records, count);

        var errors = new FieldErrors();
        using var document = Parse(body, errors);
        if (document is null)
            return ReadRequest.Invalid(errors);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() == 0)
        {
            errors.Add(FieldErrors.Body, root.ValueKind != JsonValueKind.Array ? "must be an array of orders" : "must hold at least one order");
            return ReadRequest.Invalid(errors);
        }

        if (root.GetArrayLength() > maxOrders)
            return ReadRequest.TooManyOrders;
        var drafts = ReadDrafts(root, limits, errors);
        return errors.IsEmpty ? Rewrite(drafts, limits) : ReadRequest.Invalid(errors);
    }

    private static List<OrderDraft> ReadDrafts(JsonElement root, in RecordLimits limits, FieldErrors errors)
    {
        var validator = new OrderDraftValidator(limits);
        var drafts = new List<OrderDraft>(root.GetArrayLength());
        var index = 0;
        foreach (var element in root.EnumerateArray())
        {
            if (DraftReader.ReadOrder(element, index, errors) is { } draft)
            {
                drafts.Add(draft);
                Collect(errors, string.Create(CultureInfo.InvariantCulture, $"[{index}]."), validator.Validate(draft));
            }

            index++;
        }

        return drafts;
    }

    private static ReadRequest Rewrite(List<OrderDraft> drafts, in RecordLimits limits)
    {
        var buffer = new ArrayBufferWriter<byte>(drafts.Count * 512);
        var records = ArrayPool<ScannedRecord>.Shared.Rent(drafts.Count);
        var count = 0;
        using var json = new Utf8JsonWriter(buffer, CanonicalWriter.Options);
        foreach (var draft in drafts)
        {
            var record = WriteKey(buffer, draft.UserId!);
            json.Reset(buffer);
            CanonicalWriter.Write(json, draft);
            json.Flush();
            var expected = 0m;
            foreach (var product in draft.Products!)
                expected += TotalPriceCheck.Line(limits.TotalPrice, product.ItemPrice!.Value, product.ItemDiscount!.Value, product.ItemCount!.Value);
            records[count++] = record with
            {
                Length = buffer.WrittenCount - record.Start,
                ExpectedTotal = TotalPriceCheck.Mismatch(limits.TotalPrice, draft.TotalPrice!.Value, expected),
            };
        }

        return ReadRequest.Valid(buffer.WrittenMemory, records, count);
    }

    /// <summary>Puts the decoded key before its record: in the record it may be escaped.</summary>
    private static ScannedRecord WriteKey(ArrayBufferWriter<byte> buffer, string userId)
    {
        var start = buffer.WrittenCount;
        var length = Encoding.UTF8.GetBytes(userId, buffer);
        return new ScannedRecord(start + (int)length, 0, start, (int)length);
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body, FieldErrors errors)
    {
        if (!System.Text.Unicode.Utf8.IsValid(body.Span))
        {
            errors.Add(FieldErrors.Body, NotUtf8);
            return null;
        }

        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            var (path, message) = JsonPathFinder.FindError(body.Span);
            errors.Add(path, message);
            return null;
        }
    }

    private static void Collect(FieldErrors errors, string prefix, ValidationResult result)
    {
        foreach (var failure in result.Errors)
            errors.Add(prefix + failure.PropertyName, failure.ErrorMessage);
    }
}
