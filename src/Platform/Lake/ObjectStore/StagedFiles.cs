namespace Pipeline.Lake;

/// <summary>Removes temporary files of this process.</summary>
internal static class StagedFiles
{
    /// <summary>Removes a file or folder that may be there. False where it cannot be removed now: the cleaning of the staging folder finds it later.</summary>
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
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            return false;
        }
    }
}
