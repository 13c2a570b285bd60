using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;

namespace Pipeline.Workflows.Infrastructure.Definitions;

/// <summary>The folders below <see cref="WorkflowsOptions.Folder"/>. A folder is read again when one of its text files changed.</summary>
internal sealed class WorkflowCatalog(
    IOptions<WorkflowsOptions> options, ISchedules schedules, IEnumerable<ITaskKind> kinds, ILogger<WorkflowCatalog> logger) : IWorkflowCatalog, IDisposable
{
    /// <summary>Text of one workflow at most: what a run keeps.</summary>
    private const long MaxTextBytes = 4 << 20;

    private static readonly string[] _textExtensions = [".yaml", ".sql"];

    private readonly string _folder = Path.GetFullPath(options.Value.Folder);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, (string Stamp, WorkflowEntry Entry)> _read = new(StringComparer.Ordinal);
    private volatile State _state = new([]);
    private DefinitionReader? _reader;

    public IReadOnlyList<WorkflowEntry> Entries => _state.Entries;

    public WorkflowEntry? Find(string name) => _state.Entries.FirstOrDefault(e => e.Name == name);

    public async ValueTask<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await ReaderAsync(cancellationToken);
            var names = Folders();
            var changed = false;
            foreach (var gone in _read.Keys.Except(names).ToList())
            {
                changed |= _read.Remove(gone);
                Log.WorkflowGone(logger, gone);
            }

            foreach (var name in names)
                changed |= await RefreshAsync(name, cancellationToken);
            if (!changed)
                return false;
            var before = _state;
            _state = new State([.. _read.Values.Select(r => r.Entry).OrderBy(e => e.Name, StringComparer.Ordinal)]);
            before.Changed.TrySetResult();
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    public Task WaitForChangeAsync(CancellationToken cancellationToken) => _state.Changed.Task.WaitAsync(cancellationToken);

    public WorkflowDefinition Restore(string name, IReadOnlyDictionary<string, string> files)
    {
        var reader = _reader ?? throw new InvalidOperationException("The catalog was not read yet.");
        return reader.Read(name, files, out var faults)
            ?? throw new TerminalException($"Workflow {name}: the version that the run started with is not understood: {string.Join(" ", faults)}");
    }

    public void Dispose() => _gate.Dispose();

    private async ValueTask<DefinitionReader> ReaderAsync(CancellationToken cancellationToken) =>
        _reader ??= new DefinitionReader(await DefinitionSchema.LoadAsync(cancellationToken), schedules, kinds);

    private List<string> Folders()
    {
        try
        {
            return
            [
                .. from path in Directory.EnumerateDirectories(_folder)
                   where File.Exists(Path.Combine(path, DefinitionReader.FileName))
                   select Path.GetFileName(path),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is known stays: a folder that cannot be read now is not an empty one.
            Log.FolderUnreadable(logger, _folder, e.Message);
            return [.. _read.Keys];
        }
    }

    private async ValueTask<bool> RefreshAsync(string name, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(_folder, name);
        var before = _read.GetValueOrDefault(name);
        WorkflowEntry entry;
        string stamp;
        try
        {
            var files = TextFiles(folder);
            stamp = string.Join('|', files.Select(f => $"{f.FullName}:{f.Length}:{f.LastWriteTimeUtc.Ticks}"));
            if (stamp == before.Stamp)
                return false;
            entry = await ReadAsync(name, folder, files, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            stamp = "unreadable: " + e.Message;
            if (stamp == before.Stamp)
                return false;
            entry = new WorkflowEntry(name, folder, null, [new DefinitionFault(DefinitionReader.FileName, 1, "", $"The folder cannot be read: {e.Message}")]);
        }

        // A half-written file is faulty for a moment; the next look corrects that.
        _read[name] = (stamp, entry);
        if (entry.Definition is { } definition)
            Log.WorkflowRead(logger, name, definition.Version[..12], definition.Tasks.Count);
        else
            Log.WorkflowFaulty(logger, name, string.Join(" ", entry.Faults));
        return true;
    }

    private async Task<WorkflowEntry> ReadAsync(string name, string folder, List<FileInfo> files, CancellationToken cancellationToken)
    {
        if (files.Sum(f => f.Length) > MaxTextBytes)
            return new WorkflowEntry(name, folder, null, [new DefinitionFault(DefinitionReader.FileName, 1, "", $"The folder's YAML and SQL files have more than {MaxTextBytes >> 20} MiB.")]);
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
            texts[Path.GetRelativePath(folder, file.FullName).Replace('\\', '/')] = await File.ReadAllTextAsync(file.FullName, cancellationToken);
        var definition = (await ReaderAsync(cancellationToken)).Read(name, texts, out var faults);
        return new WorkflowEntry(name, folder, definition, faults);
    }

    private static List<FileInfo> TextFiles(string folder) =>
    [
        .. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(f => _textExtensions.Contains(f.Extension, StringComparer.Ordinal))
            .OrderBy(f => f.FullName, StringComparer.Ordinal),
    ];

    private sealed record State(IReadOnlyList<WorkflowEntry> Entries)
    {
        public TaskCompletionSource Changed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
