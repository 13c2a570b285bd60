using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Workflows.Application;

namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Opens the sessions of tasks.</summary>
internal sealed class SqlSessions(SqlEngine engine, LakeCatalog lake)
{
    /// <summary>A session for one try of a task.</summary>
    public SqlSession Open(TaskContext context) => new(engine, lake, context);
}

/// <summary>
/// What one try of a task does with SQL: a connection on which earlier outputs are relations by their tasks' names, <c>lake('path')</c> is a table of the lake
/// as it is when first asked for, and <c>$name</c> a parameter; and a folder for files that end with the session.
/// </summary>
/// <remarks>
/// For one caller at a time. Errors of DuckDB come as <see cref="TransientException"/> and <see cref="TerminalException"/> in the workflow's words.
/// </remarks>
internal sealed class SqlSession : IDisposable
{
    private const string LakeFunction = "lake";

    private readonly SqlEngine _engine;
    private readonly DatabaseLease _lease;
    private readonly LakeCatalog _lake;
    private readonly TaskContext _context;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _views = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, DeltaSnapshot> _tables = new(StringComparer.Ordinal);
    private string? _folder;

    internal SqlSession(SqlEngine engine, LakeCatalog lake, TaskContext context)
    {
        _engine = engine;
        _lake = lake;
        _context = context;
        _lease = engine.Connect();
    }

    /// <summary>The lake.</summary>
    public LakeCatalog Lake => _lake;

    /// <summary>The tables of the lake that were read so far, by path.</summary>
    public IReadOnlyDictionary<string, DeltaSnapshot> Tables => _tables;

    /// <summary>A path for a file that is removed with the session, unless it is moved away.</summary>
    public string NewFile(string extension)
    {
        if (_folder is null)
        {
            var folder = _lake.Store.NewStagingPath("");
            try
            {
                Directory.CreateDirectory(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new TransientException($"Make a folder for staged files in {_lake.Store.Location}: {e.Message}", e);
            }

            _folder = folder;
        }

        return Path.Combine(_folder, Guid.NewGuid().ToString("N") + extension);
    }

    /// <summary>Says what people call a local file, for messages.</summary>
    public void Name(string localFile, string name) => _names[localFile] = name;

    /// <summary>
    /// Runs all statements of a text but the last and prepares that one, which is a SELECT. Makes the relations that they name.
    /// </summary>
    public async Task<SqlQuery> PrepareAsync(SqlText text, CancellationToken cancellationToken)
    {
        if (text.Statements.Count == 0)
            throw new TerminalException($"{text.Name}: there is no statement in it.");
        for (var i = 0; i < text.Statements.Count - 1; i++)
        {
            var sql = await RenderAsync(text, text.Statements[i], cancellationToken);
            await ExecuteAsync(new SqlQuery(sql, text.Name, IsScript: true), sql, cancellationToken);
        }

        var select = await RenderAsync(text, text.Statements[^1], cancellationToken);
        var query = new SqlQuery(select + "\n", text.Name, IsScript: true);
        await DescribeAsync(query, cancellationToken);
        return query;
    }

    /// <summary>Prepares the SQL that settings hold.</summary>
    /// <param name="settings">Settings with <c>file</c> or <c>query</c>.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public Task<SqlQuery> PrepareAsync(KindSettings settings, CancellationToken cancellationToken) =>
        PrepareAsync(SqlSettings.Read(_context.Workflow, _context.Task, settings), cancellationToken);

    /// <summary>Makes a view, or replaces it.</summary>
    public async Task CreateViewAsync(string name, string select, CancellationToken cancellationToken)
    {
        await RunAsync(
            new SqlQuery(select, $"Relation {name}"),
            connection => connection.Execute($"CREATE OR REPLACE TEMP VIEW {Sql.Identifier(name)} AS {select}", cancellationToken),
            cancellationToken);
        _views.Add(name);
    }

    /// <summary>The relation of an earlier task.</summary>
    public async Task<SqlQuery> SelectOutputAsync(string task, CancellationToken cancellationToken)
    {
        if (!_context.Inputs.TryGetValue(task, out var output))
            throw new TerminalException($"Task '{task}' left nothing to read in this run: it was skipped, or writes nothing.");
        await EnsureOutputAsync(task, output, cancellationToken);
        return new SqlQuery($"SELECT * FROM {Sql.Identifier(task)}", $"Output of task {task}");
    }

    /// <summary>The columns that rows have.</summary>
    public Task<IReadOnlyList<(string Name, string Type)>> DescribeAsync(SqlQuery query, CancellationToken cancellationToken) =>
        RunAsync(query, IReadOnlyList<(string Name, string Type)> (connection) => Describe(connection, query.Select, cancellationToken), cancellationToken);

    /// <summary>The columns that rows have, where it takes all rows to find out.</summary>
    public Task<IReadOnlyList<(string Name, string Type)>> InferAsync(SqlQuery query, CancellationToken cancellationToken) => WorkAsync(
        query,
        connection => Task.FromResult<IReadOnlyList<(string Name, string Type)>>(Describe(connection, query.Select, cancellationToken)),
        cancellationToken);

    /// <summary>Runs statements of this program that are about some rows.</summary>
    /// <returns>The rows that were changed or written.</returns>
    public Task<long> ExecuteAsync(SqlQuery query, string sql, CancellationToken cancellationToken) =>
        WorkAsync(query, connection => Task.FromResult(connection.Execute(sql, cancellationToken)), cancellationToken);

    /// <summary>Does heavy work when its turn has come. It may be done twice: where it ran out of memory, what it left must not count.</summary>
    public Task<T> WorkAsync<T>(SqlQuery query, Func<DuckConnection, Task<T>> work, CancellationToken cancellationToken) =>
        RunAsync(query, connection => _engine.WorkAsync(connection, () => work(connection), cancellationToken), cancellationToken);

    /// <summary>Works with the connection on another thread.</summary>
    public async Task<T> RunAsync<T>(SqlQuery query, Func<DuckConnection, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => work(_lease.Connection), cancellationToken);
        }
        catch (Exception e) when (DuckError.Of(e) is not null)
        {
            throw Translate(e, query);
        }
    }

    /// <summary>Works with the connection on another thread, where the work is asynchronous itself.</summary>
    public async Task<T> RunAsync<T>(SqlQuery query, Func<DuckConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await Task.Run(() => work(_lease.Connection), cancellationToken);
        }
        catch (Exception e) when (DuckError.Of(e) is not null)
        {
            throw Translate(e, query);
        }
    }

    public void Dispose()
    {
        _lease.Dispose();
        if (_folder is not null)
            StagedFiles.TryRemove(_folder);
    }

    private Exception Translate(Exception error, SqlQuery query)
    {
        _lease.Report(error);
        return SqlErrors.Translate(error, query.Name, _names, query.IsScript, _engine.MemoryBytes);
    }

    private static List<(string Name, string Type)> Describe(DuckConnection connection, string select, CancellationToken cancellationToken)
    {
        var columns = new List<(string Name, string Type)>();
        using var result = connection.Query($"DESCRIBE SELECT * FROM ({select})", cancellationToken);
        while (result.ReadChunk(out var chunk))
        {
            for (var i = 0; i < chunk.RowCount; i++)
                columns.Add((chunk.Column(0).GetString(i), chunk.Column(1).GetString(i)));
        }

        return columns;
    }

    private async Task<string> RenderAsync(SqlText text, SqlStatement statement, CancellationToken cancellationToken)
    {
        var replacements = new List<(int First, int Last, string Text)>();
        for (var i = 0; i < statement.Tokens.Count; i++)
        {
            if (statement.Tokens[i].Kind == SqlTokenKind.Parameter)
            {
                replacements.Add((i, i, SqlParameters.Literal(Parameter(text, statement, i))));
            }
            else if (statement.IsCall(i, LakeFunction))
            {
                var view = await EnsureTableAsync(LakePath(text, statement, i), cancellationToken);
                replacements.Add((i, i + 3, Sql.Identifier(view)));
                i += 3;
            }
            else if (statement.NameOf(i) is { } name && FindInput(name) is { } input)
            {
                await EnsureOutputAsync(input.Key, input.Value, cancellationToken);
            }
        }

        return statement.Render(replacements);
    }

    private object Parameter(SqlText text, SqlStatement statement, int token)
    {
        var name = statement[token][1..].ToString();
        return SqlParameters.Find(name, _context) ?? throw new TerminalException(
            $"{text.Name}, line {statement.LineOf(token)}: there is no parameter ${name}. "
            + $"There are {string.Join(", ", SqlParameters.Names(_context).Select(n => '$' + n))}.");
    }

    private string LakePath(SqlText text, SqlStatement statement, int token)
    {
        if (token + 3 < statement.Tokens.Count && statement[token + 3] is ")")
        {
            switch (statement.Tokens[token + 2].Kind)
            {
                case SqlTokenKind.Text:
                    return statement.Unquoted(token + 2);
                case SqlTokenKind.Parameter when Parameter(text, statement, token + 2) is string path:
                    return path;
            }
        }

        throw new TerminalException(
            $"{text.Name}, line {statement.LineOf(token)}: lake() takes one path, as a text or a parameter, such as lake('silver/movies').");
    }

    // Under a name that reads well in messages and that no user gives to a relation.
    private async Task<string> EnsureTableAsync(string path, CancellationToken cancellationToken)
    {
        var view = $"{LakeFunction}('{path}')";
        if (_tables.ContainsKey(path))
            return view;
        var snapshot = await _lake.Table(path).SnapshotAsync(cancellationToken);
        await CreateViewAsync(view, await snapshot.ToSqlAsync(null, cancellationToken), cancellationToken);
        _tables[path] = snapshot;
        return view;
    }

    private KeyValuePair<string, TaskOutput>? FindInput(string name)
    {
        foreach (var input in _context.Inputs)
        {
            if (string.Equals(input.Key, name, StringComparison.OrdinalIgnoreCase))
                return input;
        }

        return null;
    }

    // Of a task whose output is no relation there is none: DuckDB says so where it is really used as one.
    private async Task EnsureOutputAsync(string task, TaskOutput output, CancellationToken cancellationToken)
    {
        if (_views.Contains(task))
            return;
        switch (output.Kind)
        {
            case OutputKind.Files:
                var files = new List<string>(output.Paths.Count);
                foreach (var path in output.Paths)
                {
                    var local = await _lake.Store.GetLocalPathAsync(ObjectPath.Parse(path), cancellationToken);
                    if (!File.Exists(local))
                        throw new TerminalException($"What task '{task}' left is not there any more: {path}.");
                    Name(local, path);
                    files.Add(local);
                }

                await CreateViewAsync(task, ParquetOutput.Select(files), cancellationToken);
                break;
            case OutputKind.Table:
                var table = _lake.Table(output.Paths[0]);
                var snapshot = output.Version is { } version
                    ? await table.SnapshotAsync(version, cancellationToken)
                    : await table.SnapshotAsync(cancellationToken);
                await CreateViewAsync(task, await snapshot.ToSqlAsync(null, cancellationToken), cancellationToken);
                break;
        }
    }
}

/// <summary>The values that SQL finds under <c>$name</c>.</summary>
internal static class SqlParameters
{
    /// <summary>The value; null where there is none of this name.</summary>
    public static object? Find(string name, TaskContext context) => name.ToLowerInvariant() switch
    {
        "run_id" => context.RunId,
        "workflow" => context.Workflow.Name,
        "logical_date" => context.LogicalDate,
        _ => context.Parameters.TryGetValue(name, out var value) ? value : null,
    };

    /// <summary>All names.</summary>
    public static IEnumerable<string> Names(TaskContext context) => context.Parameters.Keys.Concat(["run_id", "workflow", "logical_date"]);

    /// <summary>A value as SQL writes it, on one line.</summary>
    public static string Literal(object value) => value switch
    {
        long number => string.Create(CultureInfo.InvariantCulture, $"{number}::BIGINT"),
        DateTimeOffset moment => string.Create(CultureInfo.InvariantCulture, $"TIMESTAMPTZ '{moment.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}+00'"),
        _ => Text((string)value),
    };

    private static string Text(string value)
    {
        var literal = Sql.Literal(value);
        return value.AsSpan().IndexOfAny('\r', '\n') < 0
            ? literal
            : $"({literal.Replace("\r", "' || chr(13) || '", StringComparison.Ordinal).Replace("\n", "' || chr(10) || '", StringComparison.Ordinal)})";
    }
}
