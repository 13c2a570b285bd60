namespace Pipeline.Workflows.Infrastructure.Kinds.Engine;

/// <summary>Files and folders that only this process knows.</summary>
internal static class StagedFiles
{
    /// <summary>Removes one that may be there. False where it cannot be now: the cleaning of the lake's staging folder finds it later.</summary>
    public static bool TryRemove(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
