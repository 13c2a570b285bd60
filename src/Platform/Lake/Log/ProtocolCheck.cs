namespace Pipeline.Lake;

/// <summary>Decides whether a table may be read or written by this implementation, and says what is missing where not.</summary>
internal static class ProtocolCheck
{
    /// <summary>The protocol of tables that this implementation creates.</summary>
    public static readonly Protocol Own = new() { MinReaderVersion = 1, MinWriterVersion = 2 };

    /// <exception cref="TerminalException">The table needs a reader that this implementation is not.</exception>
    public static void EnsureReadable(Protocol protocol, string table)
    {
        if (protocol.ReaderFeatures is { Count: > 0 } features)
        {
            throw new TerminalException(
                $"Delta table '{table}' cannot be read: it uses the reader features {string.Join(", ", features)} "
                + $"(reader version {protocol.MinReaderVersion}), and this implementation knows reader version {Own.MinReaderVersion} without features.");
        }

        if (protocol.MinReaderVersion > Own.MinReaderVersion)
        {
            var reason = protocol.MinReaderVersion == 2 ? " (column mapping)" : "";
            throw new TerminalException(
                $"Delta table '{table}' cannot be read: it needs reader version {protocol.MinReaderVersion}{reason}, "
                + $"and this implementation knows {Own.MinReaderVersion}.");
        }
    }

    /// <exception cref="TerminalException">The table needs a writer that this implementation is not.</exception>
    public static void EnsureWritable(DeltaSnapshot snapshot, string table)
    {
        var protocol = snapshot.Protocol;
        if (protocol.WriterFeatures is { Count: > 0 } features)
        {
            throw new TerminalException(
                $"Delta table '{table}' cannot be written: it uses the writer features {string.Join(", ", features)} "
                + $"(writer version {protocol.MinWriterVersion}), and this implementation knows writer version {Own.MinWriterVersion} without features.");
        }

        if (protocol.MinWriterVersion > Own.MinWriterVersion)
        {
            throw new TerminalException(
                $"Delta table '{table}' cannot be written: it needs writer version {protocol.MinWriterVersion}, "
                + $"and this implementation knows {Own.MinWriterVersion}.");
        }

        if (snapshot.Schema.Fields.FirstOrDefault(f => f.Metadata.ContainsKey("delta.invariants")) is { } column)
        {
            throw new TerminalException(
                $"Delta table '{table}' cannot be written: column '{column.Name}' has an invariant, which this implementation does not evaluate.");
        }
    }
}
