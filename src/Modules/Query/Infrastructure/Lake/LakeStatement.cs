using System.Collections.Frozen;
using System.Globalization;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>
/// A statement over the lake, made ready on a connection: its tables are views, its parameters values. Refused is what is no SELECT, reads files by itself,
/// or calls what does more than compute.
/// </summary>
internal sealed class LakeStatement
{
    private const string LakeFunction = "lake";

    // All others read files, change the engine or show its insides; enable_logging even where the configuration is locked.
    private static readonly FrozenSet<string> _tableFunctions = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "duckdb_functions", "duckdb_keywords", "duckdb_types", "pg_timezone_names", "icu_calendar_names");

    private static readonly FrozenSet<string> _forbidden = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase, "sleep_ms", "pg_sleep", "write_log", "current_setting", "getenv", "nextval", "currval");

    // One call makes a value as large as it likes, of memory that no limit of the engine counts.
    private static readonly FrozenSet<string> _boundless = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "repeat", "lpad", "rpad", "format", "printf", "list_resize", "array_resize", "range", "generate_series", "bar");

    private readonly SqlStatement _statement;
    private readonly SqlRendering _rendering;
    private readonly string _prefix;

    private LakeStatement(SqlStatement statement, SqlRendering rendering, string prefix)
    {
        _statement = statement;
        _rendering = rendering;
        _prefix = prefix;
    }

    /// <summary>The SQL to run.</summary>
    public string Sql => _prefix + _rendering.Text;

    /// <summary>Whether it is an EXPLAIN, which gives no rows to a COPY.</summary>
    public bool Explains => _prefix.Length > 0;

    /// <summary>Makes a statement ready.</summary>
    public static async Task<LakeStatement> PrepareAsync(DuckConnection connection, LakeTables tables, SqlRequest request, CancellationToken cancellationToken)
    {
        var statement = StatementParameters.One(request.Sql);
        var (prefix, first) = Explain(statement);
        var views = new Views(connection, tables, cancellationToken);
        var replacements = new List<(int First, int Last, string Text)>();
        if (first > 0)
            replacements.Add((0, first - 1, ""));
        for (var i = first; i < statement.Tokens.Count; i++)
        {
            if (statement.IsCall(i, LakeFunction))
            {
                var (path, version, last) = LakeCall(statement, i, request.Parameters);
                replacements.Add((i, last, DuckDb.Sql.Identifier(await views.OfCallAsync(path, version, statement, i))));
                i = last;
            }
            else if (statement.Tokens[i].Kind == SqlTokenKind.Parameter)
            {
                replacements.Add((i, i, StatementParameters.Write(statement, i, request.Parameters)));
            }
        }

        var parsed = new LakeStatement(statement, statement.Rewrite(replacements), prefix);
        var tree = StatementTree.Parse(connection, parsed._rendering.Text, cancellationToken);
        parsed.Check(tree);
        var names = await parsed.ResolveAsync(tree, views);
        if (names.Count == 0)
            return parsed;
        replacements.AddRange(Chains(statement, first, names, replacements));
        replacements.Sort((a, b) => a.First.CompareTo(b.First));
        return new LakeStatement(statement, statement.Rewrite(replacements), prefix);
    }

    /// <summary>Where in the text of the user an index of <see cref="Sql"/> is.</summary>
    public (int Line, int Column) PlaceOf(int index) => _statement.PlaceOf(_rendering.OriginalIndex(index - _prefix.Length));

    private static (string Prefix, int First) Explain(SqlStatement statement)
    {
        if (!statement.IsWord(0, "EXPLAIN"))
            return ("", 0);
        return statement.IsWord(1, "ANALYZE") ? ("EXPLAIN ANALYZE ", 2) : ("EXPLAIN ", 1);
    }

    private void Check(StatementTree tree)
    {
        if (tree.Error is { } error)
        {
            if (!error.IsSyntax)
            {
                throw StatementParameters.Refused(
                    _statement, 0, "Only SELECT and what is like it can run here: nothing is changed, and no file is read or written but the lake's tables.");
            }

            var (line, column) = error.Position is { } at ? _statement.PlaceOf(_rendering.OriginalIndex(IndexOf(_rendering.Text, at))) : _statement.PlaceOf(0);
            throw new SqlFailedException(new SqlError(SqlErrorKind.Invalid, Sentence(error.Message), line, column));
        }

        if (tree.Statements != 1)
            throw StatementParameters.Refused(_statement, 0, "One SELECT runs at a time.");
        if (tree.Lists)
            throw StatementParameters.Refused(_statement, 0, "There is no list of tables in SQL here.", "GET /sql/schema has it, as the completion does.");
        if (tree.TableFunctions.FirstOrDefault(f => !_tableFunctions.Contains(f)) is { } function)
        {
            throw RefusedAt(
                function, $"{function} is not a table here.", $"Tables are those of the lake, lake('path'), and {string.Join(", ", _tableFunctions.Order(StringComparer.Ordinal).Take(6))}.");
        }

        if (tree.Functions.FirstOrDefault(_forbidden.Contains) is { } forbidden)
            throw RefusedAt(forbidden, $"{forbidden} may not be called here.", null);
        if (tree.Functions.FirstOrDefault(_boundless.Contains) is { } boundless)
            throw RefusedAt(boundless, $"{boundless} may not be called here: its result can be larger than the memory.", _tableFunctions.Contains(boundless) ? $"As a table it can be: FROM {boundless}(...)." : null);

        // DuckDB takes a name that looks like a file for one, also where WITH gives that name elsewhere.
        if (tree.WithNames.FirstOrDefault(n => n.AsSpan().IndexOfAny('.', '/', ':') >= 0) is { } name)
            throw RefusedAt(name, $"The name {name} may not be given: it looks like a file's.", null);
    }

    private async Task<Dictionary<TableName, string>> ResolveAsync(StatementTree tree, Views views)
    {
        var names = new Dictionary<TableName, string>();
        foreach (var table in tree.Tables)
        {
            var isPlain = table.Schema.Length == 0 && table.Catalog.Length == 0;
            if (isPlain && (views.Has(table.Name) || tree.WithNames.Contains(table.Name)))
                continue;
            names[table] = await views.OfNameAsync(table, tree, () => PlaceOf(table));
        }

        return names;
    }

    // A chain of names that begins with a table's is that table, or a column of it.
    private static IEnumerable<(int First, int Last, string Text)> Chains(
        SqlStatement statement, int first, Dictionary<TableName, string> names, List<(int First, int Last, string Text)> taken)
    {
        var wanted = names.Select(n => (Parts: n.Key.Parts.ToArray(), View: n.Value)).OrderByDescending(n => n.Parts.Length).ToList();
        for (var i = first; i < statement.Tokens.Count; i++)
        {
            if (statement.NameOf(i) is null || statement.IsMark(i - 1, '.') || taken.Exists(t => t.First <= i && i <= t.Last))
                continue;
            foreach (var (parts, view) in wanted)
            {
                if (!Matches(statement, i, parts))
                    continue;
                var last = i + (2 * (parts.Length - 1));

                // A table of one part has its own name, unless that had to be another.
                if (parts.Length > 1 || !string.Equals(parts[0], view, StringComparison.OrdinalIgnoreCase))
                    yield return (i, last, DuckDb.Sql.Identifier(view));
                i = last;
                break;
            }
        }
    }

    private static bool Matches(SqlStatement statement, int token, string[] parts)
    {
        for (var i = 0; i < parts.Length; i++)
        {
            var at = token + (2 * i);
            if (at >= statement.Tokens.Count || (i > 0 && !statement.IsMark(at - 1, '.'))
                || !string.Equals(statement.NameOf(at), parts[i], StringComparison.OrdinalIgnoreCase))
                return false;
        }

        return true;
    }

    private static (string Path, long? Version, int Last) LakeCall(SqlStatement statement, int token, IReadOnlyDictionary<string, object?> parameters)
    {
        if (Argument(statement, token + 2, parameters) is string path)
        {
            if (statement.IsMark(token + 3, ')'))
                return (path, null, token + 3);
            if (statement.IsMark(token + 3, ',') && statement.IsMark(token + 5, ')') && Version(statement, token + 4, parameters) is { } version)
                return (path, version, token + 5);
        }

        throw StatementParameters.Invalid(
            statement, token, "lake() takes a path and maybe a version.", "Such as lake('silver/movies') or lake('silver/movies', 3).");
    }

    private static object? Argument(SqlStatement statement, int token, IReadOnlyDictionary<string, object?> parameters) =>
        token >= statement.Tokens.Count ? null : statement.Tokens[token].Kind switch
        {
            SqlTokenKind.Text => statement.Unquoted(token),
            SqlTokenKind.Parameter => parameters.GetValueOrDefault(statement[token][1..].ToString()),
            _ => null,
        };

    private static long? Version(SqlStatement statement, int token, IReadOnlyDictionary<string, object?> parameters) => statement.Tokens[token].Kind switch
    {
        SqlTokenKind.Word when long.TryParse(statement[token], NumberStyles.None, CultureInfo.InvariantCulture, out var version) => version,
        SqlTokenKind.Parameter when Argument(statement, token, parameters) is long version and >= 0 => version,
        SqlTokenKind.Parameter when Argument(statement, token, parameters) is int version and >= 0 => version,
        _ => null,
    };

    private (int Line, int Column) PlaceOf(TableName table)
    {
        var parts = table.Parts.ToArray();
        for (var i = 0; i < _statement.Tokens.Count; i++)
        {
            if (Matches(_statement, i, parts))
                return _statement.PlaceOf(_statement.Tokens[i].Start);
        }

        return _statement.PlaceOf(_statement.Tokens[0].Start);
    }

    private SqlFailedException RefusedAt(string name, string message, string? hint)
    {
        for (var i = 0; i < _statement.Tokens.Count; i++)
        {
            if (string.Equals(_statement.NameOf(i), name, StringComparison.OrdinalIgnoreCase))
                return StatementParameters.Refused(_statement, i, message, hint);
        }

        return StatementParameters.Refused(_statement, 0, message, hint);
    }

    /// <summary>The index of a character that DuckDB counted: a pair of surrogates is one for it.</summary>
    private static int IndexOf(string text, int position)
    {
        var index = 0;
        for (; position > 0 && index < text.Length; position--)
            index += char.IsHighSurrogate(text[index]) ? 2 : 1;
        return index;
    }

    internal static string Sentence(string message) =>
        message.Length == 0 ? message : char.ToUpperInvariant(message[0]) + message[1..] + (message[^1] is '.' or '!' or '?' ? "" : ".");

    /// <summary>The views of a statement, made when they are named.</summary>
    private sealed class Views(DuckConnection connection, LakeTables tables, CancellationToken cancellationToken)
    {
        private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

        public bool Has(string name) => _names.Contains(name);

        public async Task<string> OfCallAsync(string path, long? version, SqlStatement statement, int token)
        {
            // A name that reads well in messages and that no user gives to a relation.
            var name = version is { } number
                ? string.Create(CultureInfo.InvariantCulture, $"{LakeFunction}('{path}', {number})")
                : $"{LakeFunction}('{path}')";
            if (_names.Contains(name))
                return name;
            if (!ObjectPath.TryParse(path, out _))
                throw StatementParameters.Invalid(statement, token, $"'{path}' is not a path of the lake.");
            try
            {
                var snapshot = await tables.FindAsync(path, version, cancellationToken)
                    ?? throw StatementParameters.Invalid(statement, token, $"There is no table '{path}' in the lake.", await tables.HintAsync(path, cancellationToken));
                await CreateAsync(name, snapshot);
            }
            catch (TerminalException e) when (e is not SqlFailedException && DuckError.Of(e) is null)
            {
                throw StatementParameters.Invalid(statement, token, e.Message);
            }

            return name;
        }

        public async Task<string> OfNameAsync(TableName table, StatementTree tree, Func<(int Line, int Column)> place)
        {
            var snapshot = ObjectPath.TryParse(table.Path, out _) ? await tables.FindByNameAsync(table.Path, cancellationToken) : null;
            if (snapshot is null)
            {
                var (line, column) = place();
                throw new SqlFailedException(new SqlError(
                    SqlErrorKind.Invalid, $"There is no table {string.Join('.', table.Parts)} in the lake.", line, column, await tables.HintAsync(table.Path, cancellationToken)));
            }

            // Under its last name, so that columns can be named by it; not where that is taken.
            var name = _names.Contains(table.Name) || tree.WithNames.Contains(table.Name) ? string.Join('.', table.Parts) : table.Name;
            await CreateAsync(name, snapshot);
            return name;
        }

        private async Task CreateAsync(string name, DeltaSnapshot snapshot)
        {
            var select = await snapshot.ToSqlAsync(null, cancellationToken);
            connection.Execute($"CREATE OR REPLACE TEMP VIEW {DuckDb.Sql.Identifier(name)} AS {select}", cancellationToken);
            _names.Add(name);
        }
    }
}
