using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Whole.Tests;

/// <summary>The eight tables of the TMDB files, computed in the plainest way: a CSV reader of thirty lines and dictionaries.</summary>
internal static class TmdbReference
{
    /// <summary>By table: the columns that are compared, and their rows as JSON in order.</summary>
    public static Dictionary<string, (string Columns, List<string> Rows)> Read(string folder)
    {
        var movies = Records(Path.Combine(folder, "tmdb_5000_movies.csv"));
        var credits = Records(Path.Combine(folder, "tmdb_5000_credits.csv"));
        return new()
        {
            ["movies"] = ("movie_id, title, CAST(budget AS BIGINT) AS budget, homepage, CAST(release_date AS VARCHAR) AS release_date, runtime, overview, vote_count", Rows(
                movies.DistinctBy(m => m["id"]).Select(m => Row(
                    ("movie_id", Number(m["id"])), ("title", Text(m["title"])), ("budget", Number(m["budget"])), ("homepage", Text(m["homepage"])), ("release_date", Text(m["release_date"])),
                    ("runtime", Number(m["runtime"])), ("overview", Text(m["overview"])), ("vote_count", Number(m["vote_count"])))))),
            ["cast"] = ("movie_id, title, cast_id, character, credit_id, gender, id, name", Parts(credits, "cast", ["cast_id", "character", "credit_id", "gender", "id", "name"])),
            ["crew"] = ("movie_id, title, credit_id, department, gender, id, job, name", Parts(credits, "crew", ["credit_id", "department", "gender", "id", "job", "name"])),
            ["genres"] = ("movie_id, id, name", Entries(movies, "genres", "id")),
            ["keywords"] = ("movie_id, id, name", Entries(movies, "keywords", "id")),
            ["production_companies"] = ("movie_id, id, name", Entries(movies, "production_companies", "id")),
            ["production_countries"] = ("movie_id, iso_3166_1, name", Entries(movies, "production_countries", "iso_3166_1")),
            ["spoken_languages"] = ("movie_id, iso_639_1, name", Entries(movies, "spoken_languages", "iso_639_1")),
        };
    }

    private static List<string> Parts(List<Dictionary<string, string>> credits, string column, string[] names)
    {
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var movie in credits)
        {
            using var parts = JsonDocument.Parse(movie[column]);
            if (parts.RootElement.GetArrayLength() == 0)
            {
                rows[movie["movie_id"]] = Row([("movie_id", Number(movie["movie_id"])), ("title", Text(movie["title"])), .. names.Select(n => (n, n switch
                {
                    "credit_id" => "\"0000000000\"",
                    "id" => "-9999",
                    _ => "null",
                }))]);
            }

            foreach (var part in parts.RootElement.EnumerateArray())
            {
                var key = $"{movie["movie_id"]}/{part.GetProperty("credit_id")}/{part.GetProperty("id")}";
                rows.TryAdd(key, Row([("movie_id", Number(movie["movie_id"])), ("title", Text(movie["title"])), .. names.Select(n => (n, Json(part.GetProperty(n))))]));
            }
        }

        return Rows(rows.Values);
    }

    private static List<string> Entries(List<Dictionary<string, string>> movies, string column, string key)
    {
        var rows = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var movie in movies)
        {
            using var entries = JsonDocument.Parse(movie[column]);
            if (entries.RootElement.GetArrayLength() == 0)
                rows[movie["id"]] = Row(("movie_id", Number(movie["id"])), (key, key == "id" ? "-9999" : "\"XX\""), ("name", "null"));
            foreach (var entry in entries.RootElement.EnumerateArray())
                rows.TryAdd($"{movie["id"]}/{entry.GetProperty(key)}", Row(("movie_id", Number(movie["id"])), (key, Json(entry.GetProperty(key))), ("name", Json(entry.GetProperty("name")))));
        }

        return Rows(rows.Values);
    }

    private static List<string> Rows(IEnumerable<string> rows) => [.. rows.Order(StringComparer.Ordinal)];

    private static string Row(params IEnumerable<(string Name, string Json)> values) => "{" + string.Join(',', values.Select(v => $"\"{v.Name}\":{v.Json}")) + "}";

    private static string Number(string text) => text.Length == 0 ? "null" : long.Parse(text.Replace(".0", "", StringComparison.Ordinal), CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    private static string Text(string text) => text.Length == 0 ? "null" : Quoted(text);

    private static string Json(JsonElement value) => value.ValueKind == JsonValueKind.String ? Quoted(value.GetString()!) : value.GetRawText();

    // As DuckDB writes texts: only what must be is escaped.
    private static string Quoted(string text) => "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    private static List<Dictionary<string, string>> Records(string file)
    {
        var lines = new List<List<string>> { new() };
        var value = new StringBuilder();
        var text = File.ReadAllText(file);
        var quoted = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                value.Append('"');
                i++;
            }
            else if (c == '"')
            {
                quoted = !quoted;
            }
            else if (!quoted && c is ',' or '\n')
            {
                lines[^1].Add(value.ToString());
                value.Clear();
                if (c == '\n')
                    lines.Add([]);
            }
            else
            {
                value.Append(c);
            }
        }

        return [.. lines.Skip(1).Where(l => l.Count == lines[0].Count).Select(l => lines[0].Zip(l).ToDictionary(p => p.First, p => p.Second))];
    }
}
