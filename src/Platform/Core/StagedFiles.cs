namespace Pipeline;

/// <summary>Temporary files and folders that only this process knows.</summary>
public static class StagedFiles
{
    /// <summary>Removes a file or folder that may be there. False where it cannot be removed now: what cleans the place it is in finds it later.</summary>
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
