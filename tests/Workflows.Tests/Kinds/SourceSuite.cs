using System.Globalization;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Tests.Kinds;

/// <summary>What every source must do. A new one is a class below this.</summary>
public abstract class SourceSuite : IDisposable
{
    private protected KindHost Host { get; set; } = new();

    /// <summary>Makes a source with these rows of a whole number and a text; what is null there is null.</summary>
    /// <returns>The source and its settings, as <c>"file": { ... }</c>.</returns>
    private protected abstract Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows);

    /// <summary>The settings of a source that is not there.</summary>
    private protected abstract string Missing { get; }

    /// <summary>What the error of the missing source names.</summary>
    private protected abstract string MissingName { get; }

    public virtual void Dispose()
    {
        Host.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rows_OfTheSource_AreAllThereAsTheyAre()
    {
        (long, string?)[] rows = [(1, "plain"), (2, null), (-3, "a,b;c - \"d\" 'e' \\N <f>"), (4, "zwölf 日本 🎬"), (5_000_000_000, " padded "), (6, "two\nlines"), (7, "NULL"), (8, "00123")];
        var result = await ExtractAsync(await MakeAsync(rows));
        Assert.Equal(Expected(rows), await RowsAsync(result));
        Assert.Equal(rows.Length, result.RowsWritten);
        Assert.Equal(OutputKind.Files, result.Output!.Kind);
    }

    [Fact]
    public async Task Rows_Many_AreAllThere()
    {
        var rows = Enumerable.Range(0, 20_000).Select(i => ((long)i, (string?)string.Create(CultureInfo.InvariantCulture, $"name {i}"))).ToArray();
        var source = await MakeAsync(rows);
        Assert.Equal(Expected(rows), await RowsAsync(await ExtractAsync(source)));
        Assert.Equal(40, (await ExtractAsync(source, """ "rows_per_file":500, """, attempt: 2)).Output!.Paths.Count);
        Assert.DoesNotContain(Host.LakeFiles(), f => f.StartsWith(".staging", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Columns_ThatAreDeclared_HaveTheirTypes()
    {
        var result = await ExtractAsync(await MakeAsync([(1, "a"), (2, "b")]), """ "columns":{"id":"DECIMAL(12,2)","name":"VARCHAR"}, """);
        Assert.Equal("id DECIMAL(12,2), name VARCHAR", Host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Equal(2, result.RowsWritten);
    }

    [Fact]
    public async Task NoRows_WithDeclaredColumns_GiveOneFileWithThem()
    {
        var result = await ExtractAsync(await MakeAsync([]), """ "columns":{"id":"BIGINT","name":"VARCHAR"}, """);
        Assert.Equal("id BIGINT, name VARCHAR", Host.Columns(result).Replace("\"", "", StringComparison.Ordinal));
        Assert.Single(result.Output!.Paths);
    }

    [Fact]
    public async Task Value_ThatIsNotOfTheDeclaredType_IsATerminalErrorAndNothingIsWritten()
    {
        var rows = Enumerable.Range(0, 5_000).Select(i => ((long)i, (string?)(i == 3_000 ? "x" : "1"))).ToArray();
        var source = await MakeAsync(rows);
        var before = Host.LakeFiles();
        var error = await Assert.ThrowsAsync<TerminalException>(() => ExtractAsync(source, """ "columns":{"name":"INTEGER"}, """));
        Assert.Contains("'x'", error.Message.Replace('"', '\''), StringComparison.Ordinal);
        Assert.Equal(before, Host.LakeFiles());
    }

    [Fact]
    public async Task Source_ThatIsMissing_IsATerminalErrorThatNamesIt()
    {
        var error = await Assert.ThrowsAnyAsync<TerminalException>(() => ExtractAsync(Missing));
        Assert.Contains(MissingName, error.Message, StringComparison.Ordinal);
        Assert.Empty(Host.LakeFiles());
    }

    [Fact]
    public async Task Cancelled_BeforeItIsDone_LeavesNothing()
    {
        var source = await MakeAsync([.. Enumerable.Range(0, 1_000).Select(i => ((long)i, (string?)"x"))]);
        var before = Host.LakeFiles();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ExtractAsync(source, cancellationToken: cancelled.Token));
        Assert.Equal(before, Host.LakeFiles());
    }

    private protected Task<TaskResult> ExtractAsync(string source, string more = "", int attempt = 1, CancellationToken cancellationToken = default) =>
        Host.RunAsync("extract", $$"""{{{more}}"source":{ {{source}} } }""", attempt: attempt, cancellationToken: cancellationToken);

    private protected async Task<IReadOnlyList<string>> RowsAsync(TaskResult result)
    {
        await Host.RunAsync("sql", """{"query":"SELECT id::BIGINT AS id, name FROM task"}""", task: "typed");
        return await Host.RowsAsync(new TaskResult { Output = Host.Inputs["typed"] });
    }

    private static IEnumerable<string> Expected(IEnumerable<(long Id, string? Name)> rows) => rows
        .Select(r => $$"""{"id":{{r.Id.ToString(CultureInfo.InvariantCulture)}},"name":{{(r.Name is null ? "null" : Json(r.Name))}}}""")
        .Order(StringComparer.Ordinal);

    private protected static string Json(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";
}

public sealed class CsvSourceSuite : SourceSuite
{
    private protected override string Missing => """ "file":{"path":"none.csv"} """;

    private protected override string MissingName => "none.csv";

    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        Host.Write("a.csv", "id,name\n" + string.Concat(rows.Select(r => $"{r.Id},{(r.Name is null ? "" : $"\"{r.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")}\n")));
        return Task.FromResult(""" "file":{"path":"a.csv"} """);
    }
}

public class JsonSourceSuite : SourceSuite
{
    private protected override string Missing => """ "file":{"path":"none.json"} """;

    private protected override string MissingName => "none.json";

    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        Host.Write("a.json", $"{{\"data\": {{\"items\": [\n{string.Join(",\n", rows.Select(Object))}\n]}}}}");
        return Task.FromResult(""" "file":{"path":"a.json","records":"$.data.items"} """);
    }

    private protected static string Object((long Id, string? Name) row) =>
        $$"""{"id": {{row.Id.ToString(CultureInfo.InvariantCulture)}}, "name": {{(row.Name is null ? "null" : Json(row.Name))}}}""";
}

public sealed class NdjsonSourceSuite : JsonSourceSuite
{
    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        Host.Write("a.ndjson", string.Join('\n', rows.Select(Object)));
        return Task.FromResult(""" "file":{"path":"a.ndjson"} """);
    }
}

public sealed class NdjsonCommasSourceSuite : JsonSourceSuite
{
    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        Host.Write("a.json", string.Concat(rows.Select(r => Object(r) + ",\n")));
        return Task.FromResult(""" "file":{"path":"a.json","format":"ndjson_commas"} """);
    }
}

public sealed class TextSourceSuite : SourceSuite
{
    private protected override string Missing => """ "file":{"path":"none.txt","pattern":"(?<a>x)"} """;

    private protected override string MissingName => "none.txt";

    private protected override Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        Host.Write("a.txt", string.Concat(rows.Select(r => $"«{r.Id}{(r.Name is null ? "" : "#" + r.Name)}»\r\n")));
        return Task.FromResult(""" "file":{"path":"a.txt","pattern":"«(?<id>-?\\d+)(#(?<name>[^»]*))?»"} """);
    }
}

public sealed class ParquetSourceSuite : SourceSuite
{
    private protected override string Missing => """ "file":{"path":"none.parquet"} """;

    private protected override string MissingName => "none.parquet";

    private protected override async Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        using var other = new KindHost();
        await LakeRows.MakeAsync(other, rows, """ "files":{"to":"x","name":"a.parquet"} """);
        File.Copy(Path.Combine(other.LakeFolder, "x/a.parquet"), Path.Combine(Host.Folder, "a.parquet"));
        return """ "file":{"path":"*.parquet"} """;
    }
}

public class LakeTableSourceSuite : SourceSuite
{
    private protected override string Missing => """ "lake":{"path":"bronze/none"} """;

    private protected override string MissingName => "bronze/none";

    private protected override async Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        await LakeRows.MakeAsync(Host, rows, """ "table":"bronze/a" """);
        return """ "lake":{"path":"bronze/a"} """;
    }
}

public sealed class LakeObjectsSourceSuite : LakeTableSourceSuite
{
    private protected override string Missing => """ "lake":{"path":"bronze/*.parquet"} """;

    private protected override string MissingName => "bronze/*.parquet";

    private protected override async Task<string> MakeAsync(IReadOnlyList<(long Id, string? Name)> rows)
    {
        await LakeRows.MakeAsync(Host, rows, """ "files":{"to":"bronze/run=1","name":"a.parquet"} """);
        return """ "lake":{"path":"bronze/**/*.parquet"} """;
    }
}

internal static class LakeRows
{
    public static async Task MakeAsync(KindHost host, IReadOnlyList<(long Id, string? Name)> rows, string target)
    {
        host.Files["rows.sql"] = rows.Count == 0
            ? "SELECT 1::BIGINT AS id, '' AS name WHERE false"
            : $"SELECT * FROM (VALUES {string.Join(", ", rows.Select(r => $"({r.Id}::BIGINT, {(r.Name is null ? "NULL::VARCHAR" : DuckDb.Sql.Literal(r.Name))})"))}) v(id, name)";
        await host.RunAsync("sql", $$"""{"file":"rows.sql",{{target}}}""", task: "made");
        host.Inputs.Clear();
    }
}
