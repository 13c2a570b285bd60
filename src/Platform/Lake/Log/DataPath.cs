namespace Pipeline.Lake;

/// <summary>Finds the object of a data file that a log names.</summary>
internal static class DataPath
{
    /// <exception cref="TerminalException">The path leads out of the lake.</exception>
    public static ObjectPath Resolve(TableLocation location, string path)
    {
        if (IsAbsolute(path))
        {
            return location.Store.Resolve(path.StartsWith('/') ? UriPath.Decode(path) : path)
                ?? throw new TerminalException($"File '{path}' of Delta table '{location.Path}' lies outside the lake {location.Store.Location}, where this process does not read.");
        }

        return location.Path.Combine(UriPath.Decode(path));
    }

    private static bool IsAbsolute(string path)
    {
        if (path.StartsWith('/'))
            return true;
        var colon = path.IndexOf(':', StringComparison.Ordinal);
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return colon > 0 && slash == colon + 1;
    }
}
