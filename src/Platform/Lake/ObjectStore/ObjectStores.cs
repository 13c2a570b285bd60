namespace Pipeline.Lake;

/// <summary>Opens the object store that a connection string names. Each kind of store is one case here and one adapter.</summary>
public static class ObjectStores
{
    /// <summary>Opens a store.</summary>
    /// <param name="connectionString">A folder, or a <c>file:</c> URI of one.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="TerminalException">It names none, or one of a kind that this build does not hold.</exception>
    public static IObjectStore Open(string? connectionString, TimeProvider time)
    {
        if (Fault(connectionString) is { } fault)
            throw new TerminalException(fault);
        return connectionString!.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            ? new FolderObjectStore(new Uri(connectionString).LocalPath, time)
            : new FolderObjectStore(connectionString, time);
    }

    // Without the part that may hold credentials.
    internal static string? Fault(string? connectionString)
    {
        const string Name = $"ConnectionStrings:{LakeOptions.ConnectionStringName}";
        if (string.IsNullOrWhiteSpace(connectionString))
            return $"{Name} is not set; it names the folder of the lake.";
        if (connectionString.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
            return Uri.TryCreate(connectionString, UriKind.Absolute, out _) ? null : $"{Name} is not a valid file: URI.";
        var scheme = connectionString.IndexOf("://", StringComparison.Ordinal);
        return scheme < 0 ? null : $"{Name} is of the kind '{connectionString[..scheme]}://', which this build has no adapter for; it takes a folder.";
    }
}
