namespace Pipeline.Lake;

/// <summary>Cleans the folder of files in the making.</summary>
internal static class StagingFolder
{
    /// <summary>Deletes what was last touched before a time.</summary>
    /// <returns>How many files and folders were (or would be) deleted.</returns>
    public static int Clean(string staging, DateTimeOffset limit, bool dryRun, CancellationToken cancellationToken)
    {
        var count = 0;
        try
        {
            if (!Directory.Exists(staging))
                return 0;
            foreach (var entry in new DirectoryInfo(staging).EnumerateFileSystemInfos())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (LastTouched(entry) >= limit)
                    continue;
                count++;
                if (dryRun)
                    continue;
                if (entry is DirectoryInfo directory)
                    directory.Delete(recursive: true);
                else
                    entry.Delete();
            }
        }
        catch (Exception e) when (FolderErrors.Handles(e))
        {
            throw FolderErrors.From(e, "Clean", staging);
        }

        return count;
    }

    private static DateTimeOffset LastTouched(FileSystemInfo entry)
    {
        var latest = entry.LastWriteTimeUtc;
        if (entry is DirectoryInfo directory)
        {
            foreach (var file in directory.EnumerateFiles("*", SearchOption.AllDirectories))
                latest = file.LastWriteTimeUtc > latest ? file.LastWriteTimeUtc : latest;
        }

        return latest;
    }
}
