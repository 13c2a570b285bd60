using System.Globalization;
using System.Text.Json;

namespace Pipeline.Lake;

/// <summary>
/// Conditions on columns by which files are left out of a read: by their partition values, else by their statistics. A file stays in where it may hold
/// a row that meets all conditions, so a query must state its conditions all the same.
/// </summary>
public sealed class FileFilter
{
    private readonly List<Condition> _conditions = [];

    /// <summary>Only rows whose column is at least a value. Null in the column meets no condition.</summary>
    public FileFilter AtLeast(string column, FilterValue value) => Add(new Condition(column, value, null));

    /// <summary>Only rows whose column is at most a value.</summary>
    public FileFilter AtMost(string column, FilterValue value) => Add(new Condition(column, null, value));

    /// <summary>Only rows whose column equals a value.</summary>
    public FileFilter EqualTo(string column, FilterValue value) => Add(new Condition(column, value, value));

    /// <summary>The files of a snapshot that may hold rows which meet all conditions.</summary>
    /// <exception cref="TerminalException">The table has no such column, or it is of another type than the value.</exception>
    public IReadOnlyList<DeltaFile> Select(DeltaSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        if (_conditions.Count == 0)
            return snapshot.Files;
        var bound = _conditions.Select(c => Bind(c, snapshot)).ToArray();
        return [.. snapshot.Files.Where(f => MayMatch(f, bound))];
    }

    private static Bound Bind(Condition condition, DeltaSnapshot snapshot)
    {
        var field = snapshot.Schema.Find(condition.Column)
            ?? throw new TerminalException($"Filter: Delta table '{snapshot.Table}' has no column '{condition.Column}'.");
        if (!(condition.Low ?? condition.High)!.Value.Fits(field.Type))
        {
            throw new TerminalException(
                $"Filter: column '{field.Name}' of Delta table '{snapshot.Table}' is {field.Type}, which such a value is not compared with.");
        }

        return new Bound(field, snapshot.PartitionColumns.Contains(field.Name), condition.Low, condition.High);
    }

    private static bool MayMatch(DeltaFile file, Bound[] conditions)
    {
        FileStatistics? statistics = null;
        foreach (var condition in conditions)
        {
            if (condition.IsPartition)
            {
                var text = file.PartitionValues.GetValueOrDefault(condition.Field.Name);
                if (string.IsNullOrEmpty(text))
                    return false;
                if (FilterValue.Parse(text, condition.Field.Type) is { } value && (value < condition.Low || value > condition.High))
                    return false;
                continue;
            }

            statistics ??= FileStatistics.Parse(file.Stats);
            if (statistics is not null && !MayMatch(statistics, condition))
                return false;
        }

        return true;
    }

    private static bool MayMatch(FileStatistics statistics, Bound condition)
    {
        var column = condition.Field.Name;
        if (statistics.NumRecords is { } rows && statistics.NullCount(column) == rows)
            return false;
        if (Value(statistics.Max(column), condition.Field.Type) is { } max && max.WidenedAsMax() < condition.Low)
            return false;
        return !(Value(statistics.Min(column), condition.Field.Type) is { } min && min > condition.High);
    }

    private static FilterValue? Value(JsonElement? element, DeltaType type) => element switch
    {
        { ValueKind: JsonValueKind.String } text => FilterValue.Parse(text.GetString()!, type),
        { ValueKind: JsonValueKind.Number } number => FilterValue.Parse(number.GetRawText(), type),
        _ => null,
    };

    private FileFilter Add(Condition condition)
    {
        _conditions.Add(condition);
        return this;
    }

    private sealed record Condition(string Column, FilterValue? Low, FilterValue? High);

    private sealed record Bound(DeltaField Field, bool IsPartition, FilterValue? Low, FilterValue? High);
}

/// <summary>A value that files are filtered by: a text, a whole or decimal number, a date or a moment. Each converts to it implicitly.</summary>
public readonly record struct FilterValue : IComparable<FilterValue>
{
    private const string Date = "yyyy-MM-dd";
    private const NumberStyles Exact = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;

    private static FilterValue? Unknown => null;

    private readonly string? _text;
    private readonly decimal _number;
    private readonly long _ticks;
    private readonly Kind _kind;

    private FilterValue(Kind kind, string? text = null, decimal number = 0, long ticks = 0)
    {
        _kind = kind;
        _text = text;
        _number = number;
        _ticks = ticks;
    }

    private enum Kind
    {
        Text,
        Number,
        Day,
        Moment,
    }

    /// <summary>A text.</summary>
    public static FilterValue From(string value) => new(Kind.Text, text: value);

    /// <summary>A number.</summary>
    public static FilterValue From(decimal value) => new(Kind.Number, number: value);

    /// <summary>A day.</summary>
    public static FilterValue From(DateOnly value) => new(Kind.Day, ticks: value.DayNumber);

    /// <summary>A moment.</summary>
    public static FilterValue From(DateTimeOffset value) => new(Kind.Moment, ticks: value.UtcTicks);

    /// <summary>A text.</summary>
    public static implicit operator FilterValue(string value) => From(value);

    /// <summary>A number.</summary>
    public static implicit operator FilterValue(long value) => From(value);

    /// <summary>A number.</summary>
    public static implicit operator FilterValue(decimal value) => From(value);

    /// <summary>A day.</summary>
    public static implicit operator FilterValue(DateOnly value) => From(value);

    /// <summary>A moment.</summary>
    public static implicit operator FilterValue(DateTimeOffset value) => From(value);

    /// <summary>Order among values of one kind.</summary>
    public int CompareTo(FilterValue other) => _kind switch
    {
        Kind.Text => CompareUtf8(_text!, other._text ?? ""),
        Kind.Number => _number.CompareTo(other._number),
        _ => _ticks.CompareTo(other._ticks),
    };

    /// <summary>Order among values of one kind.</summary>
    public static bool operator <(FilterValue left, FilterValue right) => left.CompareTo(right) < 0;

    /// <summary>Order among values of one kind.</summary>
    public static bool operator >(FilterValue left, FilterValue right) => left.CompareTo(right) > 0;

    /// <summary>Order among values of one kind.</summary>
    public static bool operator <=(FilterValue left, FilterValue right) => left.CompareTo(right) <= 0;

    /// <summary>Order among values of one kind.</summary>
    public static bool operator >=(FilterValue left, FilterValue right) => left.CompareTo(right) >= 0;

    internal bool Fits(DeltaType type) => type switch
    {
        DeltaDecimal or DeltaPrimitive { Name: "long" or "integer" or "short" or "byte" or "float" or "double" } => _kind == Kind.Number,
        DeltaPrimitive { Name: "string" } => _kind == Kind.Text,
        DeltaPrimitive { Name: "date" } => _kind == Kind.Day,
        DeltaPrimitive { Name: "timestamp" } => _kind == Kind.Moment,
        _ => false,
    };

    // Other writers cut the largest time of a file down to milliseconds.
    internal FilterValue WidenedAsMax() => _kind != Kind.Moment
        ? this
        : new FilterValue(Kind.Moment, ticks: Math.Min(_ticks, DateTime.MaxValue.Ticks - TimeSpan.TicksPerMillisecond) + TimeSpan.TicksPerMillisecond);

    // Null where the text is not understood: then nothing is concluded from it.
    internal static FilterValue? Parse(string text, DeltaType type) => type switch
    {
        DeltaPrimitive { Name: "string" } => From(text),
        DeltaPrimitive { Name: "date" } =>
            DateOnly.TryParseExact(text, Date, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? From(day) : Unknown,
        DeltaPrimitive { Name: "timestamp" } =>
            DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment) ? From(moment) : Unknown,
        DeltaPrimitive { Name: "float" or "double" } => ParseFloat(text),
        _ => decimal.TryParse(text, Exact, CultureInfo.InvariantCulture, out var number) ? From(number) : Unknown,
    };

    // Beyond what a decimal holds nothing is concluded; within it, only values that come out exactly.
    private static FilterValue? ParseFloat(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) < 1e15
        && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
            ? From(exact)
            : Unknown;

    // Parquet and Delta compare texts by their UTF-8 bytes; that differs from UTF-16 order only where surrogates are.
    private static int CompareUtf8(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);
        var (a, b) = (left[common], right[common]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }
}
