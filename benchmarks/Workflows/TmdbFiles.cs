using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pipeline.Benchmarks.Workflows;

/// <summary>Files like those of the public TMDB data set, in its size: 4,803 movies, and as many credits, each with 100 and more cast entries.</summary>
internal static class TmdbFiles
{
    public const int Movies = 4_803;

    private const int CastEntries = 100;

    private static readonly JsonWriterOptions _relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string[] _genres = ["Action", "Adventure", "Drama", "Comedy", "Science Fiction", "Thriller", "Animation", "Romance", "Horror", "Family"];
    private static readonly string[] _codes = ["US", "DE", "FR", "SE", "JP", "GB", "IN", "BR"];

    public static void Write(string folder)
    {
        var random = new Random(17);
        using var movies = new StreamWriter(Path.Combine(folder, "tmdb_5000_movies.csv"), false, new UTF8Encoding(false));
        using var credits = new StreamWriter(Path.Combine(folder, "tmdb_5000_credits.csv"), false, new UTF8Encoding(false));
        movies.Write("budget,genres,homepage,id,keywords,original_language,original_title,overview,popularity,production_companies,production_countries,release_date,revenue,runtime,"
            + "spoken_languages,status,tagline,title,vote_average,vote_count\n");
        credits.Write("movie_id,title,cast,crew\n");
        for (var i = 0; i < Movies; i++)
        {
            var title = i % 50 == 0 ? $"Film \"{i}\", the return" : $"Film {i}";
            Row(movies, random.Next(300_000_000), Json(w => Named(w, random, _genres, i % 170 == 0 ? 0 : 3)), i % 3 == 0 ? $"http://www.example.org/{i}" : "", i + 5,
                Json(w => Named(w, random, [.. Enumerable.Range(0, 400).Select(k => $"keyword {k}")], 10)), "en", title, $"Overview of film {i}.\nIt has a second line, and \"quotes\".",
                random.NextDouble() * 150, Json(w => Named(w, random, [.. Enumerable.Range(0, 900).Select(k => $"Company {k}, Inc.")], 3)),
                Json(w => Coded(w, random, "iso_3166_1")), $"{1950 + (i % 67)}-{1 + (i % 12):00}-{1 + (i % 28):00}", i % 4 == 0 ? 0 : random.Next(900_000_000), i % 900 == 0 ? "" : 60.0 + (i % 120),
                Json(w => Coded(w, random, "iso_639_1")), "Released", "", title, Math.Round(random.NextDouble() * 10, 1), random.Next(13_000));
            Row(credits, i + 5, title, Json(w => Cast(w, random, i)), Json(w => Crew(w, random, i)));
        }
    }

    private static void Row(StreamWriter writer, params object[] values) => writer.Write(string.Join(',', values.Select(Cell)) + "\n");

    private static string Cell(object value)
    {
        var text = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        return text.AsSpan().IndexOfAny(",\"\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, _relaxed))
        {
            writer.WriteStartArray();
            write(writer);
            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    private static void Named(Utf8JsonWriter writer, Random random, string[] names, int count)
    {
        var first = random.Next(names.Length);
        for (var i = 0; i < Math.Min(count, names.Length); i++)
        {
            var id = (first + i) % names.Length;
            writer.WriteStartObject();
            writer.WriteNumber("id", id);
            writer.WriteString("name", names[id]);
            writer.WriteEndObject();
        }
    }

    private static void Coded(Utf8JsonWriter writer, Random random, string key)
    {
        var first = random.Next(_codes.Length);
        for (var i = random.Next(3); i > 0; i--)
        {
            var code = _codes[(first + i) % _codes.Length];
            writer.WriteStartObject();
            writer.WriteString(key, code);
            writer.WriteString("name", $"Name of {code}");
            writer.WriteEndObject();
        }
    }

    private static void Cast(Utf8JsonWriter writer, Random random, int movie)
    {
        for (var i = CastEntries + random.Next(20); i > 0; i--)
        {
            var person = random.Next(50_000);
            writer.WriteStartObject();
            writer.WriteNumber("cast_id", i);
            writer.WriteString("character", $"Role {i} \"the {person}th\"");
            writer.WriteString("credit_id", $"{movie:x8}{i:x4}0000aaaabbbb");
            writer.WriteNumber("gender", person % 3);
            writer.WriteNumber("id", person);
            writer.WriteString("name", $"Person {person}");
            writer.WriteNumber("order", i);
            writer.WriteEndObject();
        }
    }

    private static void Crew(Utf8JsonWriter writer, Random random, int movie)
    {
        for (var i = 25 + random.Next(10); i > 0; i--)
        {
            var person = random.Next(50_000);
            writer.WriteStartObject();
            writer.WriteString("credit_id", $"{movie:x8}{i:x4}0000ccccdddd");
            writer.WriteString("department", i % 2 == 0 ? "Directing" : "Production");
            writer.WriteNumber("gender", person % 3);
            writer.WriteNumber("id", person);
            writer.WriteString("job", i % 2 == 0 ? "Director" : "Producer");
            writer.WriteString("name", $"Person {person}");
            writer.WriteEndObject();
        }
    }
}
