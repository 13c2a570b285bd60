using System.Text.Json;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Http;

/// <summary>Writes a statement's stream as one JSON object: <c>Id</c>, <c>Columns</c>, <c>Rows</c> as arrays of values, and how it ended.</summary>
internal static class SqlJson
{
    private const int FlushBytes = 32 << 10;

    /// <summary>Writes the rest of a stream whose beginning is known.</summary>
    public static async Task WriteAsync(Utf8JsonWriter json, IReadOnlyList<SqlEvent> first, IAsyncEnumerator<SqlEvent> rest, CancellationToken cancellationToken)
    {
        IReadOnlyList<SqlColumn> columns = [];
        json.WriteStartObject();
        foreach (var next in first)
            Write(next);
        while (await rest.MoveNextAsync())
        {
            Write(rest.Current);
            if (json.BytesPending > FlushBytes)
                await json.FlushAsync(cancellationToken);
        }

        json.WriteEndObject();

        void Write(SqlEvent next)
        {
            switch (next)
            {
                case SqlAccepted accepted:
                    json.WriteString("Id", accepted.Id);
                    break;
                case SqlColumns found:
                    columns = found.Columns;
                    json.WritePropertyName("Columns");
                    JsonSerializer.Serialize(json, found.Columns, QueryJsonContext.Default.IReadOnlyListSqlColumn);
                    json.WriteStartArray("Rows");
                    break;
                case SqlRows more:
                    foreach (var row in more.Rows)
                        WriteRow(json, columns, row);
                    break;
                case SqlFinished finished:
                    json.WriteEndArray();
                    json.WriteNumber("RowCount", finished.RowCount);
                    json.WriteBoolean("Truncated", finished.Truncated);
                    json.WriteNumber("CutCells", finished.CutCells);
                    json.WriteNumber("ElapsedMilliseconds", Math.Round(finished.Elapsed.TotalMilliseconds, 1));
                    break;
                case SqlFailed failed:
                    json.WriteEndArray();
                    json.WritePropertyName("Error");
                    JsonSerializer.Serialize(json, failed.Error, QueryJsonContext.Default.SqlError);
                    json.WriteNumber("ElapsedMilliseconds", Math.Round(failed.Elapsed.TotalMilliseconds, 1));
                    break;
            }
        }
    }

    private static void WriteRow(Utf8JsonWriter json, IReadOnlyList<SqlColumn> columns, IReadOnlyList<string?> row)
    {
        json.WriteStartArray();
        for (var i = 0; i < row.Count; i++)
        {
            switch (columns[i].Kind)
            {
                case var _ when row[i] is null:
                    json.WriteNullValue();
                    break;
                case SqlColumnKind.Boolean:
                    json.WriteBooleanValue(row[i] == "true");
                    break;

                // Not NaN and Infinity, nor JSON that was cut.
                case SqlColumnKind.Number when char.IsAsciiDigit(row[i]![^1]) && IsJson(row[i]!):
                case SqlColumnKind.Json when row[i]![^1] != '…' && IsJson(row[i]!):
                    json.WriteRawValue(row[i]!, skipInputValidation: true);
                    break;
                default:
                    json.WriteStringValue(row[i]);
                    break;
            }
        }

        json.WriteEndArray();
    }

    private static bool IsJson(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(bytes);
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
