using System.Text.Json;

namespace Pipeline.Workflows.Application;

/// <summary>Runs SQL over the lake outside of any run.</summary>
internal interface ILakeQueries
{
    /// <summary>The first rows of the last statement, as an array of objects by column name.</summary>
    /// <exception cref="TerminalException">The SQL is wrong, or a table is not there; the message names line and what is wrong.</exception>
    Task<JsonElement> QueryAsync(string sql, int limit, CancellationToken cancellationToken);
}
