using System.Text.Json;

namespace Pipeline.Workflows.Application;

/// <summary>Reads what tasks left, for people.</summary>
internal interface IOutputReader
{
    /// <summary>The first rows, as an array of objects by column name; of a folder its files.</summary>
    /// <exception cref="TerminalException">It is not there any more.</exception>
    Task<JsonElement> ReadAsync(TaskOutput output, int limit, CancellationToken cancellationToken);
}
