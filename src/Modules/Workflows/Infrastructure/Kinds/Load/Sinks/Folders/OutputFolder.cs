using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Load.Sinks.Folders;

/// <summary>
/// A folder that is replaced as a whole: written beside its place and swapped in, so that readers find the one before or the new one. What no workflow wrote is
/// never removed: each folder holds a list of its files, and one that holds others is refused.
/// </summary>
internal sealed class OutputFolder : IDisposable
{
    /// <summary>The list of the files, in the folder.</summary>
    public const string ListName = ".pipeline-output.json";

    private const string Infix = ".pipeline-";
    private const string OldSuffix = ".old";

    // Tries of other runs may be at work for so long.
    private static readonly TimeSpan _abandoned = TimeSpan.FromDays(1);

    private readonly TaskContext _context;
    private readonly TimeProvider _time;
    private readonly string _target;
    private bool _done;

    private OutputFolder(TaskContext context, TimeProvider time, string target, string folder)
    {
        _context = context;
        _time = time;
        _target = target;
        Folder = folder;
    }

    /// <summary>The folder to write into.</summary>
    public string Folder { get; }

    /// <summary>Looks at the place and makes the folder beside it.</summary>
    /// <param name="context">The task.</param>
    /// <param name="target">The absolute path of the place.</param>
    /// <param name="time">The clock.</param>
    public static OutputFolder Begin(TaskContext context, string target, TimeProvider time)
    {
        try
        {
            // A link is followed, so that it stays one.
            var link = new DirectoryInfo(Path.TrimEndingDirectorySeparator(target));
            target = link.LinkTarget is null ? link.FullName : link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            if (Path.GetDirectoryName(target) is not { } parent)
                throw new TerminalException($"{target} cannot be replaced as a whole; name a folder below it.");
            Directory.CreateDirectory(parent);
            var folder = new OutputFolder(context, time, target, Path.Combine(parent, NameOf(context, target)));
            folder.RemoveLeftOvers(parent);
            RefuseForeign(target);
            Directory.CreateDirectory(folder.Folder);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Translate(e, target);
        }
    }

    /// <summary>Removes what was written so far.</summary>
    public void Clear()
    {
        foreach (var file in Directory.EnumerateFiles(Folder))
            File.Delete(file);
    }

    /// <summary>Makes the files durable and puts the folder into its place.</summary>
    /// <returns>The bytes of the files.</returns>
    public long Commit()
    {
        try
        {
            var bytes = 0L;
            var names = new List<string>();
            foreach (var file in new DirectoryInfo(Folder).EnumerateFiles())
            {
                names.Add(file.Name);
                bytes += file.Length;
                Sync(file.FullName);
            }

            names.Sort(StringComparer.Ordinal);
            var list = new OutputList(_context.Workflow.Name, _context.Task.Name, _context.RunId, _time.GetUtcNow(), names);
            var listPath = Path.Combine(Folder, ListName);
            File.WriteAllBytes(listPath, JsonSerializer.SerializeToUtf8Bytes(list, OutputListContext.Default.OutputList));
            Sync(listPath);
            Native.Sync(Folder);
            Swap();
            Native.Sync(Path.GetDirectoryName(_target)!);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Translate(e, _target);
        }
    }

    /// <summary>Removes what is not in its place: the new folder before its commit, the old one after.</summary>
    public void Dispose()
    {
        StagedFiles.TryRemove(Folder);
        if (_done)
            StagedFiles.TryRemove(Folder + OldSuffix);
    }

    private void Swap()
    {
        RefuseForeign(_target);
        if (!Directory.Exists(_target))
        {
            Directory.Move(Folder, _target);
        }
        else if (!Native.TryExchange(Folder, _target))
        {
            // Not at once: should the process end in between, the next try puts the old one back first.
            Directory.Move(_target, Folder + OldSuffix);
            Directory.Move(Folder, _target);
        }

        _done = true;
    }

    private static string NameOf(TaskContext context, string target) => string.Create(
        CultureInfo.InvariantCulture, $"{PrefixOf(context, target)}{context.RunId}.{context.Try}");

    private static string PrefixOf(TaskContext context, string target) => $"{SiblingsOf(target)}{context.Workflow.Name}.{context.Task.Name}.";

    private static string SiblingsOf(string target) => $".{Path.GetFileName(target)}{Infix}";

    private void RemoveLeftOvers(string parent)
    {
        var ofThisRun = string.Create(CultureInfo.InvariantCulture, $"{PrefixOf(_context, _target)}{_context.RunId}.");
        foreach (var sibling in new DirectoryInfo(parent).GetDirectories(SiblingsOf(_target) + "*"))
        {
            if (sibling.Name.EndsWith(OldSuffix, StringComparison.Ordinal) && !Directory.Exists(_target))
                sibling.MoveTo(_target);
            else if (sibling.Name.StartsWith(ofThisRun, StringComparison.Ordinal) || sibling.LastWriteTimeUtc < _time.GetUtcNow() - _abandoned)
                StagedFiles.TryRemove(sibling.FullName);
        }
    }

    private static void RefuseForeign(string target)
    {
        if (File.Exists(target))
            throw new TerminalException($"{target} is a file and not a folder.");
        if (!Directory.Exists(target))
            return;
        var names = Directory.EnumerateFileSystemEntries(target).Select(e => Path.GetFileName(e)!).ToHashSet(StringComparer.Ordinal);
        names.ExceptWith(ReadList(Path.Combine(target, ListName))?.Files ?? []);
        names.Remove(ListName);
        if (names.Count > 0)
        {
            throw new TerminalException(
                $"The folder {target} would be replaced as a whole, but it holds what no workflow wrote "
                + $"({string.Join(", ", names.Order(StringComparer.Ordinal).Take(3))}): name another folder, or move that away.");
        }
    }

    private static OutputList? ReadList(string path)
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), OutputListContext.Default.OutputList) : null;
        }
        catch (JsonException)
        {
            // Then nothing in the folder is known to be of a workflow.
            return null;
        }
    }

    private static void Sync(string file)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    private static Exception Translate(Exception error, string target) => error switch
    {
        UnauthorizedAccessException => new TerminalException($"Write folder {target}: permission denied; it and the folder around it must be writable.", error),
        _ when SqlErrors.IsDiskFull(error.Message) =>
            new TransientException($"Write folder {target}: the disk is full; it goes on when there is space again.", error),
        _ when error.Message.Contains("busy", StringComparison.OrdinalIgnoreCase) =>
            new TerminalException(
                $"Write folder {target}: it cannot be replaced as a whole, maybe as something is mounted there; name a folder below it.", error),
        _ => new TransientException($"Write folder {target}: {error.Message}", error),
    };
}

/// <summary>What a folder holds, and who wrote it.</summary>
internal sealed record OutputList(string Workflow, string Task, long Run, DateTimeOffset WrittenAt, IReadOnlyList<string> Files);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(OutputList))]
internal sealed partial class OutputListContext : JsonSerializerContext;
