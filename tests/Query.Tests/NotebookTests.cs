using FluentValidation;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Query.Contracts;
using Pipeline.Query.Domain;

namespace Pipeline.Query.Tests;

public sealed class NotebookTests
{
    [Fact]
    public void Parse_Markdown_BecomesCellsInOrder()
    {
        var cells = NotebookText.Parse("""
            # Title

            Text.

            ```sql warehouse chart=bar title="Best of all" x=a
            SELECT 1
              AS a
            ```
            ```sql
            SELECT 2
            ```

            Code of others:

            ```json
            { "sql": "```" }
            ```

            <!-- cell -->

            ~~~sql
            SELECT 3
            ~~~
            ```sql lake
            SELECT 4, and no end
            """);
        Assert.Equal("Title", NotebookText.Title(cells));
        Assert.Equal([NotebookCellKind.Markdown, NotebookCellKind.Sql, NotebookCellKind.Sql, NotebookCellKind.Markdown, NotebookCellKind.Markdown], cells.Select(c => c.Kind));
        Assert.Equal("# Title\n\nText.", cells[0].Text);
        Assert.Equal((QueryEngine.Warehouse, "SELECT 1\n  AS a"), (cells[1].Engine, cells[1].Text));
        Assert.Equal([("chart", "bar"), ("title", "Best of all"), ("x", "a")], cells[1].Options!.Select(o => (o.Key, o.Value)));
        Assert.Equal((QueryEngine.Lake, "SELECT 2", 0), (cells[2].Engine, cells[2].Text, cells[2].Options!.Count));
        Assert.EndsWith("```", cells[3].Text, StringComparison.Ordinal);
        Assert.EndsWith("SELECT 4, and no end", cells[4].Text, StringComparison.Ordinal);
    }

    /// <summary>What was written is read again, whatever the cells hold; and written again it is the same text.</summary>
    [Fact]
    public void WriteAndParse_AnyCells_ComeBack()
    {
        var text = Gen.ListOf(Gen.Elements("```", "````", "~~~", "```sql", "```sql lake x=1", "<!-- cell -->", "# A", "SELECT 1", "", " ", "    ```", "a `b`", "\r\n", "ü"))
            .Select(lines => string.Join('\n', lines));
        var options = Gen.ListOf(Gen.Elements(("chart", "bar"), ("title", "two words"), ("x", ""), ("y-2", "a=b"))).Select(o => o.DistinctBy(p => p.Item1).ToDictionary(p => p.Item1, p => p.Item2));
        var sql = from t in text from o in options from e in Gen.Elements(QueryEngine.Lake, QueryEngine.Warehouse) select NotebookCell.Sql(e, t, o);
        var cells = Gen.ListOf(Gen.OneOf(sql, text.Select(NotebookCell.Markdown)));
        Prop.ForAll(Arb.From(cells.Select(c => c.ToList())), written =>
        {
            var first = NotebookText.Write(written);
            var read = NotebookText.Parse(first);
            Assert.Equal(first.Trim(), NotebookText.Write(read).Trim());

            // SQL cells are what they were; Markdown that looks like SQL cells has become some.
            if (!written.Any(c => c.Kind == NotebookCellKind.Markdown))
                Assert.Equal(written.Select(Plain), read.Select(Plain));
        }).QuickCheckThrowOnFailure();

        static string Plain(NotebookCell cell) =>
            $"{cell.Kind} {cell.Engine} {string.Join(',', cell.Options!.OrderBy(o => o.Key, StringComparer.Ordinal))} {cell.Text.ReplaceLineEndings("\n")}";
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData(".hidden")]
    [InlineData("a.md")]
    [InlineData("")]
    [InlineData(" a")]
    [InlineData("a ")]
    [InlineData("-rf")]
    [InlineData("a\0")]
    [InlineData("ü")]
    public async Task Name_OfAPath_IsRefused(string name)
    {
        await using var host = await QueryHost.StartAsync();
        Assert.Null(await host.SendAsync(new GetNotebook(name)));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new CreateNotebook(name, [])));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new SaveNotebook(name, [], "v")));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new RenameNotebook("a", name)));
        await Assert.ThrowsAsync<ValidationException>(() => host.SendAsync(new DeleteNotebook(name)));
    }

    [Fact]
    public async Task Link_ToAnotherPlace_IsNoNotebook()
    {
        await using var host = await QueryHost.StartAsync();
        await host.SendAsync(new CreateNotebook("real", [NotebookCell.Markdown("x")]));
        var secret = Path.Combine(host.Folder, "secret.md");
        await File.WriteAllTextAsync(secret, "topsecret");
        File.CreateSymbolicLink(Path.Combine(host.Notebooks, "link.md"), secret);
        Assert.Null(await host.SendAsync(new GetNotebook("link")));
        Assert.Equal("real", Assert.Single(await host.SendAsync(new ListNotebooks())).Name);
        Assert.Equal(NotebookState.Conflict, (await host.SendAsync(new CreateNotebook("link", []))).State);
        Assert.Equal("topsecret", await File.ReadAllTextAsync(secret));
    }

    [Fact]
    public async Task Notebook_CreatedSavedRenamedDeleted_IsAsItShouldBe()
    {
        await using var host = await QueryHost.StartAsync();
        Assert.Empty(await host.SendAsync(new ListNotebooks()));
        NotebookCell[] cells = [NotebookCell.Markdown("# Mine"), NotebookCell.Sql(QueryEngine.Lake, "SELECT 1")];
        var created = (await host.SendAsync(new CreateNotebook("my notes", cells))).Notebook!;
        Assert.Equal(("Mine", 2), (created.Title, created.Cells.Count));
        Assert.Equal(NotebookState.Conflict, (await host.SendAsync(new CreateNotebook("my notes", []))).State);

        var saved = await host.SendAsync(new SaveNotebook("my notes", [.. cells, NotebookCell.Sql(QueryEngine.Warehouse, "SELECT 2")], created.Version));
        Assert.Equal(NotebookState.Done, saved.State);
        Assert.NotEqual(created.Version, saved.Notebook!.Version);

        // Who loaded the first version is told, and given what there is.
        var late = await host.SendAsync(new SaveNotebook("my notes", [], created.Version));
        Assert.Equal((NotebookState.Conflict, saved.Notebook.Version), (late.State, late.Notebook!.Version));
        Assert.Equal(NotebookState.Conflict, (await host.SendAsync(new DeleteNotebook("my notes", created.Version))).State);
        Assert.Equal(2, Assert.Single(await host.SendAsync(new ListNotebooks())).SqlCells);

        await host.SendAsync(new CreateNotebook("other", []));
        Assert.Equal(NotebookState.Conflict, (await host.SendAsync(new RenameNotebook("my notes", "other"))).State);
        Assert.Equal("new", (await host.SendAsync(new RenameNotebook("my notes", "new"))).Notebook!.Name);
        Assert.Equal(NotebookState.NotFound, (await host.SendAsync(new RenameNotebook("my notes", "newer"))).State);
        Assert.Equal(NotebookState.NotFound, (await host.SendAsync(new SaveNotebook("my notes", [], "v"))).State);
        Assert.Equal(NotebookState.Done, (await host.SendAsync(new DeleteNotebook("new", saved.Notebook.Version))).State);
        Assert.Null(await host.SendAsync(new GetNotebook("new")));
        Assert.Equal(["other.md"], Directory.EnumerateFiles(host.Notebooks).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Save_ManyAtOnce_OneStands()
    {
        await using var host = await QueryHost.StartAsync();
        var version = (await host.SendAsync(new CreateNotebook("n", []))).Notebook!.Version;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => host.SendAsync(new SaveNotebook("n", [NotebookCell.Markdown($"{i}")], version))));
        Assert.Single(outcomes, o => o.State == NotebookState.Done);
        Assert.Equal(outcomes.Single(o => o.State == NotebookState.Done).Notebook!.Version, (await host.SendAsync(new GetNotebook("n")))!.Version);
    }
}
