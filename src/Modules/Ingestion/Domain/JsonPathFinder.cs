using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Ingestion.Domain;

/// <summary>Finds where JSON stops being JSON, so that the answer names the field and not only a byte.</summary>
internal static class JsonPathFinder
{
    private struct Level
    {
        public bool IsArray;
        public int Index;
        public string? Name;
    }

    /// <summary>The path of the first value that cannot be read, and why.</summary>
    public static (string Path, string Message) FindError(ReadOnlySpan<byte> body)
    {
        var stack = new Stack<Level>();
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
                Step(stack, reader);
            return (FieldErrors.Body, "is not valid JSON");
        }
        catch (JsonException e)
        {
            Advance(stack);
            return (Render(stack), string.Create(CultureInfo.InvariantCulture,
                $"is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Reason(e)}"));
        }
    }

    private static void Step(Stack<Level> stack, in Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                Advance(stack);
                stack.Push(new Level { IsArray = true, Index = -1 });
                break;
            case JsonTokenType.StartObject:
                Advance(stack);
                stack.Push(default);
                break;
            case JsonTokenType.EndArray or JsonTokenType.EndObject:
                stack.Pop();
                break;
            case JsonTokenType.PropertyName:
                var level = stack.Pop();
                level.Name = Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, RecordLimits.MaxId)]);
                stack.Push(level);
                break;
            default:
                Advance(stack);
                break;
        }
    }

    private static void Advance(Stack<Level> stack)
    {
        if (stack.TryPeek(out var level) && level.IsArray)
        {
            stack.Pop();
            level.Index++;
            stack.Push(level);
        }
    }

    private static string Render(Stack<Level> stack)
    {
        var path = new StringBuilder();
        foreach (var level in stack.Reverse())
        {
            if (level.IsArray)
                path.Append(CultureInfo.InvariantCulture, $"[{level.Index}]");
            else if (level.Name is not null)
                path.Append(path.Length == 0 ? "" : ".").Append(level.Name);
        }

        return path.Length == 0 ? FieldErrors.Body : path.ToString();
    }

    private static string Reason(JsonException e)
    {
        var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }
}
