namespace Pipeline.Lake;

/// <summary>Finds the object of a data file that a log names.</summary>
internal static class DataPath
{
    /// <exception cref="TerminalException">The path leads out of the lake.</exception>
    public static ObjectPath Resolve(TableLocation location, string path) =>
        TryResolve(location, path)
        ?? throw new TerminalException(
            $"File '{path}' of Delta table '{location.Path}' lies outside the lake {location.Store.Location}, where this process does not read.");

    /// <summary>The object; null where the path leads out of the lake.</summary>
    public static ObjectPath? TryResolve(TableLocation location, string path) =>
        !IsAbsolute(path) ? location.Path.Combine(UriPath.Decode(path))
        : location.Store.Resolve(path.StartsWith('/') ? UriPath.Decode(path) : path);

    private static bool IsAbsolute(string path)
    {
        if (path.StartsWith('/'))
            return true;
        var colon = path.IndexOf(':', StringComparison.Ordinal);
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return colon > 0 && slash == colon + 1;
    }
}
