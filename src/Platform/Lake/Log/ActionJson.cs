using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Lake;

/// <summary>Reads and writes the newline-delimited JSON of commits.</summary>
internal static class ActionJson
{
    /// <summary>Escapes only what JSON must have escaped, as other writers of Delta logs do.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private static readonly JsonWriterOptions _writerOptions = new() { Encoder = Encoder, SkipValidation = true };

    /// <summary>Reads the actions of a commit or of a checkpoint's rows. Empty lines and carriage returns are passed over.</summary>
    /// <exception cref="TerminalException">A line is not an action; the message names the file and the line.</exception>
    public static List<ActionLine> Read(ReadOnlySpan<byte> content, string source)
    {
        var actions = new List<ActionLine>();
        if (content.StartsWith("\uFEFF"u8))
            content = content[3..];
        var number = 0;
        while (!content.IsEmpty)
        {
            number++;
            var end = content.IndexOf((byte)'\n');
            var line = (end < 0 ? content : content[..end]).Trim(" \t\r"u8);
            content = end < 0 ? default : content[(end + 1)..];
            if (!line.IsEmpty)
                actions.Add(ReadLine(line, source, number));
        }

        return actions;
    }

    /// <summary>Reads one action.</summary>
    public static ActionLine ReadLine(ReadOnlySpan<byte> line, string source, long number)
    {
        try
        {
            return JsonSerializer.Deserialize(line, ActionJsonContext.Default.ActionLine)
                ?? throw new TerminalException($"Line {number} of {source} is null, not an action of a Delta log.");
        }
        catch (JsonException e)
        {
            throw new TerminalException($"Line {number} of {source} is not an action of a Delta log: {e.Message}", e);
        }
    }

    /// <summary>Writes a commit: <c>commitInfo</c> first, then the actions, one a line.</summary>
    public static byte[] Write(CommitInfo info, IEnumerable<ActionLine> actions)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var writer = new Utf8JsonWriter(buffer, _writerOptions);
        writer.WriteStartObject();
        writer.WritePropertyName("commitInfo");
        JsonSerializer.Serialize(writer, info, ActionJsonContext.Default.CommitInfo);
        writer.WriteEndObject();
        EndLine(writer, buffer);
        foreach (var action in actions)
        {
            JsonSerializer.Serialize(writer, action, ActionJsonContext.Default.ActionLine);
            EndLine(writer, buffer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void EndLine(Utf8JsonWriter writer, ArrayBufferWriter<byte> buffer)
    {
        writer.Flush();
        writer.Reset();
        buffer.Write("\n"u8);
    }
}

/// <summary>The serialisers, made at build time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ActionLine))]
[JsonSerializable(typeof(CommitInfo))]
[JsonSerializable(typeof(LastCheckpoint))]
internal sealed partial class ActionJsonContext : JsonSerializerContext;
