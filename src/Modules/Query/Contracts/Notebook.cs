using System.Text.Json.Serialization;

namespace Pipeline.Query.Contracts;

/// <summary>A notebook: cells in order, kept as a Markdown file whose <c>```sql</c> blocks are the SQL cells.</summary>
/// <param name="Name">The file's name without <c>.md</c>.</param>
/// <param name="Title">The first heading, else the name.</param>
/// <param name="Cells">The cells.</param>
/// <param name="Version">The hash of the file as it is: <see cref="SaveNotebook"/> wants it back.</param>
/// <param name="ChangedAt">When the file was written.</param>
public sealed record Notebook(string Name, string Title, IReadOnlyList<NotebookCell> Cells, string Version, DateTimeOffset ChangedAt);

/// <summary>A cell.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its Markdown or SQL, without the fence.</param>
/// <param name="Engine">Where its SQL runs; null for Markdown.</param>
/// <param name="Options">
/// What stands behind the engine in the fence, such as <c>chart=bar</c>; names are letters, digits, <c>_</c> and <c>-</c>. Empty for Markdown.
/// </param>
public sealed record NotebookCell(NotebookCellKind Kind, string Text, QueryEngine? Engine = null, IReadOnlyDictionary<string, string>? Options = null)
{
    /// <summary>A Markdown cell.</summary>
    public static NotebookCell Markdown(string text) => new(NotebookCellKind.Markdown, text);

    /// <summary>A SQL cell.</summary>
    public static NotebookCell Sql(QueryEngine engine, string text, IReadOnlyDictionary<string, string>? options = null) => new(NotebookCellKind.Sql, text, engine, options);
}

/// <summary>The kinds of cells.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<NotebookCellKind>))]
public enum NotebookCellKind
{
    /// <summary>Text for people.</summary>
    Markdown,

    /// <summary>A statement.</summary>
    Sql,
}

/// <summary>A notebook in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Title">The first heading, else the name.</param>
/// <param name="SqlCells">How many statements it has.</param>
/// <param name="ChangedAt">When it was written.</param>
public sealed record NotebookSummary(string Name, string Title, int SqlCells, DateTimeOffset ChangedAt);

/// <summary>What came of a request about a notebook.</summary>
/// <param name="State">What.</param>
/// <param name="Notebook">The notebook as it is now; with <see cref="NotebookState.Conflict"/> the one that is in the way. Null where there is none.</param>
/// <param name="Message">Why it was refused, as a sentence; null where it was not.</param>
public sealed record NotebookOutcome(NotebookState State, Notebook? Notebook = null, string? Message = null);

/// <summary>The outcomes of requests about notebooks.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<NotebookState>))]
public enum NotebookState
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>There is no such notebook.</summary>
    NotFound,

    /// <summary>It was changed since it was loaded, or the name is taken; nothing was written.</summary>
    Conflict,
}
