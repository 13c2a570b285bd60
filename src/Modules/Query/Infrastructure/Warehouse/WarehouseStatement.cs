using System.Collections.Frozen;
using Npgsql;
using Pipeline.DuckDb;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Warehouse;

/// <summary>
/// A statement for PostgreSQL. What it may do is decided by the role, the read-only transaction and the cursor, which takes nothing but a SELECT; the rules
/// here refuse what these let pass, and say so in words.
/// </summary>
internal sealed class WarehouseStatement
{
    /// <summary>The cursor's name.</summary>
    public const string Cursor = "pipeline_rows";

    private const string Declare = $"DECLARE {Cursor} NO SCROLL CURSOR FOR ";

    private static readonly FrozenSet<string> _first = FrozenSet.Create(StringComparer.OrdinalIgnoreCase, "SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN");

    // Settings, locks, signals and messages to other sessions, and functions that run SQL which nobody has looked at.
    private static readonly FrozenSet<string> _forbidden = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "set_config", "pg_notify", "pg_cancel_backend", "pg_terminate_backend", "pg_reload_conf", "pg_rotate_logfile", "pg_switch_wal", "pg_create_restore_point", "pg_export_snapshot",
        "query_to_xml", "query_to_xmlschema", "query_to_xml_and_xmlschema", "cursor_to_xml", "cursor_to_xmlschema", "table_to_xml", "schema_to_xml", "database_to_xml",
        "table_to_xml_and_xmlschema", "schema_to_xml_and_xmlschema", "database_to_xml_and_xmlschema", "ts_stat", "ts_rewrite", "pg_stat_reset", "txid_current", "pg_current_xact_id");

    private static readonly string[] _forbiddenPrefixes =
        ["pg_advisory_", "pg_try_advisory_", "lo_", "pg_read_", "pg_ls_", "pg_stat_file", "pg_file_", "pg_logical_", "pg_replication_", "pg_wal_", "dblink", "pg_stat_reset_", "pg_log_"];

    private readonly SqlStatement _statement;
    private readonly SqlRendering _rendering;

    private WarehouseStatement(SqlStatement statement, SqlRendering rendering)
    {
        _statement = statement;
        _rendering = rendering;
    }

    /// <summary>Whether it gives a plan: then it runs as it is.</summary>
    public bool Explains => _statement.IsWord(0, "EXPLAIN");

    /// <summary>The SQL to send.</summary>
    public string Sql => Explains ? _rendering.Text : Declare + _rendering.Text;

    public static WarehouseStatement Prepare(SqlRequest request)
    {
        var statement = StatementParameters.One(request.Sql);
        var first = 0;
        while (statement.IsMark(first, '('))
            first++;
        if (first >= statement.Tokens.Count || !_first.Contains(statement[first].ToString()))
            throw StatementParameters.Refused(statement, 0, "Only SELECT, WITH, VALUES, TABLE and EXPLAIN can run here: nothing is changed.");
        var replacements = new List<(int First, int Last, string Text)>();
        for (var i = 0; i < statement.Tokens.Count; i++)
        {
            if (statement.Tokens[i].Kind == SqlTokenKind.Parameter)
                replacements.Add((i, i, StatementParameters.Write(statement, i, request.Parameters)));
            else
                Check(statement, i);
        }

        return new WarehouseStatement(statement, statement.Rewrite(replacements));
    }

    /// <summary>What an error of the server means for who wrote the statement.</summary>
    public Exception Translate(Exception error) => error switch
    {
        PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege } e =>
            Failed(e, SqlErrorKind.Refused, "Nothing is changed here, and only tables that the reading role may read are read."),
        PostgresException { SqlState: PostgresErrorCodes.OutOfMemory or PostgresErrorCodes.DiskFull or PostgresErrorCodes.ConfigurationLimitExceeded } e =>
            Failed(e, SqlErrorKind.MemoryLimit, "Read fewer rows or columns."),
        PostgresException e when !Postgres.PostgresErrors.IsTransient(e) => Failed(e, SqlErrorKind.Invalid, null),
        _ => Postgres.PostgresErrors.Translate(error, "Read the warehouse"),
    };

    private SqlFailedException Failed(PostgresException error, SqlErrorKind kind, string? hint)
    {
        var message = Lake.LakeStatement.Sentence(error.MessageText);
        var said = string.Join(' ', new[] { error.Hint, hint }.Where(h => !string.IsNullOrEmpty(h)).Select(h => Lake.LakeStatement.Sentence(h!)));
        var index = error.Position - 1 - (Explains ? 0 : Declare.Length);
        (int? line, int? column) = error.Position > 0 && index >= 0 ? _statement.PlaceOf(_rendering.OriginalIndex(index)) : ((int?)null, (int?)null);
        return new SqlFailedException(new SqlError(kind, message, line, column, said.Length == 0 ? null : said), error);
    }

    private static void Check(SqlStatement statement, int token)
    {
        // U&"..." writes any name in characters that no rule sees.
        if (statement.IsWord(token, "U") && statement.IsMark(token + 1, '&'))
            throw StatementParameters.Refused(statement, token, "Names and texts in U& notation cannot be used here.");
        if (statement.IsMark(token + 1, '(') && statement.NameOf(token) is { } name
            && (_forbidden.Contains(name) || _forbiddenPrefixes.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase))))
            throw StatementParameters.Refused(statement, token, $"{name} may not be called here.");
    }
}
