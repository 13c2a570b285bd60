using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources;

/// <summary>What to take out of a JSON document.</summary>
internal sealed record JsonShape
{
    /// <summary>Where the records are: the elements of an array, or one record that is something else.</summary>
    public JsonPath Records { get; init; } = JsonPath.Root;

    /// <summary>A text or number to tell beside them; null for none.</summary>
    public JsonPath? Next { get; init; }

    /// <summary>
    /// True where the input is values one after the other, with or without commas between them and after the last; false where it is one document.
    /// </summary>
    public bool IsSequence { get; init; }

    /// <summary>Members, as names and JSON values, that each record gets besides its own; the records must be objects then.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Added { get; init; } = [];
}

/// <summary>What was taken.</summary>
/// <param name="Records">How many records.</param>
/// <param name="LongestBytes">The length of the longest.</param>
/// <param name="Next">The value at <see cref="JsonShape.Next"/>; null where there is none.</param>
/// <param name="IsList">Whether the records were the elements of an array.</param>
internal sealed record JsonTaken(long Records, int LongestBytes, string? Next, bool IsList);

/// <summary>Writes the records of JSON documents as lines, checking every byte of them, and holds one record at a time.</summary>
internal sealed class JsonRecords
{
    /// <summary>The longest record.</summary>
    public const int MaxRecordBytes = 64 << 20;

    private const int BufferBytes = 256 << 10;
    private const int MaxDepth = 512;

    private static readonly SearchValues<byte> _lineBreaks = SearchValues.Create("\r\n"u8);
    private static readonly JsonReaderOptions _options = new() { MaxDepth = MaxDepth };

    private readonly string _name;
    private readonly JsonShape _shape;
    private readonly byte[] _prefix;
    private readonly byte[][] _addedNames;
    private readonly int[] _counters = new int[MaxDepth + 1];
    private readonly ArrayBufferWriter<byte> _output = new(BufferBytes);
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _end;
    private int _at;
    private JsonReaderState _state = new(_options);

    // Steps of the paths that the open containers are on; the step behind a property name that was just read.
    private int _onRecords;
    private int _onNext;
    private bool _nameOnRecords;
    private bool _nameOnNext;

    private int _recordDepth = -1;
    private int _recordStart = -1;
    private bool _inValue;
    private bool _found;
    private bool _isList;
    private long _records;
    private int _longest;
    private long _lines;
    private int _linesOfValue;
    private string? _next;

    private JsonRecords(string name, JsonShape shape)
    {
        _name = name;
        _shape = shape;
        _addedNames = [.. shape.Added.Select(a => Encoding.UTF8.GetBytes(a.Key))];
        _prefix = Prefix(shape.Added);
    }

    /// <summary>Copies the records of an input.</summary>
    /// <param name="input">UTF-8 JSON.</param>
    /// <param name="output">Where the lines go.</param>
    /// <param name="name">What the input is called, for messages.</param>
    /// <param name="shape">What to take.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="TerminalException">It is not JSON, or not of this shape; the message has the line and the record.</exception>
    public static async Task<JsonTaken> CopyAsync(Stream input, Stream output, string name, JsonShape shape, CancellationToken cancellationToken)
    {
        var records = new JsonRecords(name, shape);
        try
        {
            return await records.CopyAsync(input, output, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(records._buffer);
        }
    }

    private static byte[] Prefix(IReadOnlyList<KeyValuePair<string, string>> added)
    {
        if (added.Count == 0)
            return [];
        var members = string.Join(',', added.Select(a => $"{JsonSerializer.Serialize(a.Key, JsonText.Default.String)}:{a.Value}"));
        return Encoding.UTF8.GetBytes("{" + members);
    }

    private async Task<JsonTaken> CopyAsync(Stream input, Stream output, CancellationToken cancellationToken)
    {
        var first = true;
        bool final;
        do
        {
            Compact();
            var read = await input.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
            _end += read;
            final = read == 0;
            if (first && (_end >= 3 || final))
            {
                first = false;
                if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8))
                    _at = 3;
            }

            if (!first)
                Parse(final);
            if (_output.WrittenCount >= BufferBytes || final)
            {
                await output.WriteAsync(_output.WrittenMemory, cancellationToken);
                _output.ResetWrittenCount();
            }
        }
        while (!final);
        return new JsonTaken(_records, _longest, _next, _isList);
    }

    /// <summary>Makes room: drops what is done with, keeps the record that is under way.</summary>
    private void Compact()
    {
        var keep = _recordStart >= 0 ? _recordStart : _at;
        if (keep > 0)
        {
            _buffer.AsSpan(keep, _end - keep).CopyTo(_buffer);
            _end -= keep;
            _at -= keep;
            _recordStart = _recordStart < 0 ? -1 : 0;
        }

        if (_end < _buffer.Length)
            return;
        if (_end > MaxRecordBytes)
            throw new TerminalException(
                string.Create(CultureInfo.InvariantCulture, $"{_name}: record {_records + 1} or a text in it is longer than {MaxRecordBytes} bytes."));
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _end).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private void Parse(bool final)
    {
        try
        {
            while (ParseValue(final))
            {
            }
        }
        catch (JsonException e)
        {
            var line = _lines + (e.LineNumber ?? 0) + 1;
            var reason = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal) is var at and > 0 ? e.Message[..at] : e.Message;
            throw new TerminalException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{_name}: malformed JSON in line {line} at byte {(e.BytePositionInLine ?? 0) + 1}, record {_records + 1}: {reason}"), e);
        }
    }

    /// <summary>Reads on; true where a value of a sequence ended and another may follow.</summary>
    private bool ParseValue(bool final)
    {
        if (_shape.IsSequence && !_inValue)
        {
            SkipSeparators();
            if (_at == _end)
                return false;
        }

        _inValue = true;
        var reader = new Utf8JsonReader(_buffer.AsSpan(_at, _end - _at), final, _state);
        while (reader.Read())
        {
            Take(ref reader);
            if (_shape.IsSequence && IsComplete(ref reader))
            {
                EndValue(ref reader);
                return true;
            }
        }

        var consumed = (int)reader.BytesConsumed;
        if (_shape.IsSequence)
            _linesOfValue += _buffer.AsSpan(_at, consumed).Count((byte)'\n');
        _at += consumed;
        _state = reader.CurrentState;
        if (final)
            RefuseMissing();
        return false;
    }

    private static bool IsComplete(ref Utf8JsonReader reader) =>
        reader.CurrentDepth == 0 && reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject or JsonTokenType.PropertyName);

    private void EndValue(ref Utf8JsonReader reader)
    {
        var consumed = (int)reader.BytesConsumed;
        _lines += _buffer.AsSpan(_at, consumed).Count((byte)'\n') + _linesOfValue;
        _linesOfValue = 0;
        _at += consumed;
        _state = new JsonReaderState(_options);
        RefuseMissing();
        _inValue = false;
        _found = false;
        _recordDepth = -1;
        _onRecords = 0;
        _onNext = 0;
    }

    private void SkipSeparators()
    {
        var rest = _buffer.AsSpan(_at, _end - _at);
        var length = rest.IndexOfAnyExcept(" \t\r\n,"u8);
        length = length < 0 ? rest.Length : length;
        _lines += rest[..length].Count((byte)'\n');
        _at += length;
    }

    private void RefuseMissing()
    {
        if (!_found)
            throw new TerminalException($"{_name}: there is nothing at {_shape.Records} in the document.");
    }

    private void Take(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                // The depth of a name is that of its value.
                _nameOnNext = _shape.Next is { } next && IsOn(next, _onNext, depth, ref reader);
                if (_recordDepth < 0)
                    _nameOnRecords = IsOn(_shape.Records, _onRecords, depth, ref reader);
                else
                    RefuseAdded(ref reader, depth);
                return;
            case JsonTokenType.EndArray or JsonTokenType.EndObject:
                End(ref reader, depth);
                return;
            default:
                Value(ref reader, depth);
                return;
        }
    }

    private static bool IsOn(JsonPath path, int on, int depth, ref Utf8JsonReader reader) =>
        on == depth - 1 && depth <= path.Length && path.Index(depth - 1) < 0 && reader.ValueTextEquals(path.Name(depth - 1));

    private void Value(ref Utf8JsonReader reader, int depth)
    {
        if (_recordDepth >= 0 && _shape.Next is null)
        {
            if (depth == _recordDepth)
                Begin(ref reader);
            return;
        }

        var isStart = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
        var (onRecords, onNext) = Steps(depth);
        if (isStart)
            _counters[depth + 1] = reader.TokenType == JsonTokenType.StartArray ? 0 : -1;
        if (onNext && isStart)
            _onNext = depth;
        else if (onNext && depth == _shape.Next!.Length && reader.TokenType is JsonTokenType.String or JsonTokenType.Number)
            _next = reader.TokenType == JsonTokenType.String ? reader.GetString() : Encoding.UTF8.GetString(reader.ValueSpan);
        if (_recordDepth >= 0)
        {
            if (depth == _recordDepth)
                Begin(ref reader);
        }
        else if (onRecords)
        {
            if (isStart)
                _onRecords = depth;
            if (depth == _shape.Records.Length && !_found)
                Find(ref reader, depth);
        }
    }

    private void Find(ref Utf8JsonReader reader, int depth)
    {
        _found = true;
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            _isList = true;
            _recordDepth = depth + 1;
        }
        else if (reader.TokenType != JsonTokenType.Null)
        {
            _recordDepth = depth;
            Begin(ref reader);
        }
    }

    /// <summary>Whether a value stands on the paths.</summary>
    private (bool Records, bool Next) Steps(int depth)
    {
        if (depth == 0)
            return (true, _shape.Next is not null);
        var index = _counters[depth] >= 0 ? _counters[depth]++ : -1;
        return index < 0
            ? (_nameOnRecords, _nameOnNext)
            : (IsOn(_shape.Records, _onRecords, depth, index), _shape.Next is { } next && IsOn(next, _onNext, depth, index));
    }

    private static bool IsOn(JsonPath path, int on, int depth, int index) => on == depth - 1 && depth <= path.Length && path.Index(depth - 1) == index;

    private void End(ref Utf8JsonReader reader, int depth)
    {
        _onNext = Math.Min(_onNext, depth - 1);
        if (_recordDepth >= 0 && depth >= _recordDepth)
        {
            if (depth == _recordDepth)
                Complete(ref reader);
            return;
        }

        // Where the array of the records ends, names are looked at again.
        _recordDepth = -1;
        _onRecords = Math.Min(_onRecords, depth - 1);
    }

    private void Begin(ref Utf8JsonReader reader)
    {
        _recordStart = _at + (int)reader.TokenStartIndex;
        if (_prefix.Length > 0 && reader.TokenType != JsonTokenType.StartObject)
            throw new TerminalException(
                string.Create(CultureInfo.InvariantCulture, $"{_name}: record {_records + 1} is no object, so no columns can be added to it."));
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
            Complete(ref reader);
    }

    private void Complete(ref Utf8JsonReader reader)
    {
        var record = _buffer.AsSpan(_recordStart, _at + (int)reader.BytesConsumed - _recordStart);
        if (_prefix.Length > 0)
        {
            _output.Write(_prefix);
            record = record[1..];
            if (record.TrimStart(" \t\r\n"u8)[0] != '}')
                _output.Write(","u8);
        }

        // A line break within a record is between its tokens, where a space is as good.
        var line = _output.GetSpan(record.Length + 1)[..(record.Length + 1)];
        record.CopyTo(line);
        line[..^1].ReplaceAny(_lineBreaks, (byte)' ');
        line[^1] = (byte)'\n';
        _output.Advance(line.Length);
        _longest = Math.Max(_longest, line.Length + _prefix.Length + 1);
        _records++;
        _recordStart = -1;
        if (_shape.Records.Length == reader.CurrentDepth && _recordDepth == reader.CurrentDepth)
            _recordDepth = -1;
    }

    private void RefuseAdded(ref Utf8JsonReader reader, int depth)
    {
        if (depth != _recordDepth + 1)
            return;
        foreach (var added in _addedNames)
        {
            if (reader.ValueTextEquals(added))
            {
                throw new TerminalException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{_name}: record {_records + 1} has a member '{Encoding.UTF8.GetString(added)}' of its own; give the added one another name."));
            }
        }
    }
}

/// <summary>Texts as JSON.</summary>
[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class JsonText : System.Text.Json.Serialization.JsonSerializerContext;
