using System.Globalization;
using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>
/// Reads records of any shape, member names in any case, and notes every member that is unknown, given twice or of the wrong type. The slow path: only what the
/// scanners did not accept comes here.
/// </summary>
internal static class DraftReader
{
    private const string MustBeText = "must be a string";
    private const string MustBeNumber = "must be a number";
    private const string MustBeObject = "must be an object";
    private const string MustBeArray = "must be an array";

    private delegate void Assign<in T>(T draft, JsonElement value, string path, FieldErrors errors);

    private static readonly Dictionary<string, Assign<UserEventDraft>> _eventFields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["UserId"] = (d, v, p, e) => d.UserId = Text(v, p, e),
        ["SessionId"] = (d, v, p, e) => d.SessionId = Text(v, p, e),
        ["EventName"] = (d, v, p, e) => d.EventName = Text(v, p, e),
        ["TimeStamp"] = (d, v, p, e) => d.TimeStamp = Text(v, p, e),
        ["Attributes"] = (d, v, p, e) => d.Attributes = ReadObject(v, p, e, _attributeFields!),
    };

    private static readonly Dictionary<string, Assign<AttributesDraft>> _attributeFields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ProductId"] = (d, v, p, e) => d.ProductId = Text(v, p, e),
        ["Price"] = (d, v, p, e) => d.Price = Number(v, p, e),
        ["Discount"] = (d, v, p, e) => d.Discount = Number(v, p, e),
    };

    private static readonly Dictionary<string, Assign<OrderDraft>> _orderFields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["SessionId"] = (d, v, p, e) => d.SessionId = Text(v, p, e),
        ["TimeStamp"] = (d, v, p, e) => d.TimeStamp = Text(v, p, e),
        ["UserId"] = (d, v, p, e) => d.UserId = Text(v, p, e),
        ["TotalPrice"] = (d, v, p, e) => d.TotalPrice = Number(v, p, e),
        ["OrderId"] = (d, v, p, e) => d.OrderId = Text(v, p, e),
        ["Products"] = (d, v, p, e) => d.Products = ReadArray(v, p, e, _productFields!, RecordLimits.MaxProducts),
        ["PaymentType"] = (d, v, p, e) => d.PaymentType = Text(v, p, e),
    };

    private static readonly Dictionary<string, Assign<ProductDraft>> _productFields = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ProductId"] = (d, v, p, e) => d.ProductId = Text(v, p, e),
        ["ItemCount"] = (d, v, p, e) => d.ItemCount = Integer(v, p, e),
        ["ItemPrice"] = (d, v, p, e) => d.ItemPrice = Number(v, p, e),
        ["ItemDiscount"] = (d, v, p, e) => d.ItemDiscount = Number(v, p, e),
    };

    /// <summary>Reads one event; null where the body is no object.</summary>
    public static UserEventDraft? ReadEvent(JsonElement body, FieldErrors errors) => ReadObject(body, "", errors, _eventFields);

    /// <summary>Reads the order at a place of the request's array; null where it is no object.</summary>
    public static OrderDraft? ReadOrder(JsonElement order, int index, FieldErrors errors) =>
        ReadObject(order, string.Create(CultureInfo.InvariantCulture, $"[{index}]"), errors, _orderFields);

    private static T? ReadObject<T>(JsonElement value, string path, FieldErrors errors, Dictionary<string, Assign<T>> fields)
        where T : class, new()
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.Add(path.Length == 0 ? FieldErrors.Body : path, MustBeObject);
            return null;
        }

        var draft = new T();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var member in value.EnumerateObject())
        {
            var name = MemberName(member);
            if (!fields.TryGetValue(name, out var assign))
                errors.Add(Join(path, name.Length <= RecordLimits.MaxId ? name : name[..RecordLimits.MaxId]), "is not known; known are " + string.Join(", ", fields.Keys));
            else if (!seen.Add(name))
                errors.Add(Join(path, Canonical(fields, name)), "is given twice");
            else
                assign(draft, value: member.Value, Join(path, Canonical(fields, name)), errors);
        }

        return draft;
    }

    private static List<T>? ReadArray<T>(JsonElement value, string path, FieldErrors errors, Dictionary<string, Assign<T>> fields, int limit)
        where T : class, new()
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.Add(path, MustBeArray);
            return null;
        }

        if (value.GetArrayLength() > limit)
        {
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must hold at most {limit} elements"));
            return null;
        }

        var list = new List<T>(value.GetArrayLength());
        foreach (var element in value.EnumerateArray())
            list.Add(ReadObject(element, string.Create(CultureInfo.InvariantCulture, $"{path}[{list.Count}]"), errors, fields) ?? new T());
        return list;
    }

    private static string? Text(JsonElement value, string path, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind != JsonValueKind.String)
        {
            errors.Add(path, MustBeText);
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            errors.Add(path, "must be valid Unicode: it holds half of a surrogate pair");
            return null;
        }
    }

    private static decimal? Number(JsonElement value, string path, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind != JsonValueKind.Number)
            errors.Add(path, MustBeNumber);
        else if (value.TryGetDecimal(out var number))
            return number;
        else
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must be from 0 to {RecordLimits.MaxMoney}"));
        return null;
    }

    private static int? Integer(JsonElement value, string path, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind != JsonValueKind.Number)
            errors.Add(path, MustBeNumber);
        else if (value.TryGetInt32(out var number))
            return number;
        else
            errors.Add(path, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {RecordLimits.MaxItemCount}"));
        return null;
    }

    private static string MemberName(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD"; // half of a surrogate pair: no known name holds one
        }
    }

    private static string Canonical<T>(Dictionary<string, T> fields, string name)
    {
        foreach (var key in fields.Keys)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                return key;
        }

        return name;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : path + "." + name;
}
