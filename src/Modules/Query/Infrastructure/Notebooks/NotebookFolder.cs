using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;
using Pipeline.Query.Domain;

namespace Pipeline.Query.Infrastructure.Notebooks;

/// <summary>
/// Notebooks as Markdown files of one folder. A file is written beside its place, synced and renamed. Changes of this process take turns; of two processes that
/// save the same notebook in the same moment the later one stands.
/// </summary>
internal sealed class NotebookFolder(IOptions<QueryOptions> options) : INotebookStore, IDisposable
{
    private const string Extension = ".md";
    private const int MaxBytes = 4 << 20;

    private readonly string _folder = Path.GetFullPath(options.Value.Notebooks);
    private readonly SemaphoreSlim _gate = new(1);

    public async Task<IReadOnlyList<Notebook>> ListAsync(CancellationToken cancellationToken)
    {
        var notebooks = new List<Notebook>();
        if (!Directory.Exists(_folder))
            return notebooks;
        var names = Directory.EnumerateFiles(_folder, "*" + Extension).Select(f => Path.GetFileNameWithoutExtension(f)).Where(NotebookName.IsValid);
        foreach (var name in names.Order(StringComparer.OrdinalIgnoreCase))
        {
            if (await FindAsync(name, cancellationToken) is { } notebook)
                notebooks.Add(notebook);
        }

        return notebooks;
    }

    public async Task<Notebook?> FindAsync(string name, CancellationToken cancellationToken)
    {
        var file = new FileInfo(PathOf(name));

        // A link may lead anywhere.
        if (!file.Exists || file.LinkTarget is not null || file.Length > MaxBytes)
            return null;
        try
        {
            return Read(name, await File.ReadAllBytesAsync(file.FullName, cancellationToken), file.LastWriteTimeUtc);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable("Read", name, e);
        }
    }

    public Task<NotebookOutcome> CreateAsync(string name, string text, CancellationToken cancellationToken) => ChangeAsync("Create", name, async () =>
    {
        if (await TakenAsync(name, cancellationToken) is { } taken)
            return taken;
        return new NotebookOutcome(NotebookState.Done, await WriteAsync(name, text, cancellationToken));
    }, cancellationToken);

    public Task<NotebookOutcome> ReplaceAsync(string name, string text, string version, CancellationToken cancellationToken) => ChangeAsync("Save", name, async () =>
        await RefuseAsync(name, version, cancellationToken) ?? new NotebookOutcome(NotebookState.Done, await WriteAsync(name, text, cancellationToken)), cancellationToken);

    public Task<NotebookOutcome> RenameAsync(string name, string newName, CancellationToken cancellationToken) => ChangeAsync("Rename", name, async () =>
    {
        if (await FindAsync(name, cancellationToken) is null)
            return NotFound(name);
        if (!string.Equals(name, newName, StringComparison.Ordinal))
        {
            if (await TakenAsync(newName, cancellationToken) is { } taken)
                return taken;
            File.Move(PathOf(name), PathOf(newName), overwrite: false);
        }

        return new NotebookOutcome(NotebookState.Done, await FindAsync(newName, cancellationToken));
    }, cancellationToken);

    public Task<NotebookOutcome> DeleteAsync(string name, string? version, CancellationToken cancellationToken) => ChangeAsync("Delete", name, async () =>
    {
        if (await RefuseAsync(name, version, cancellationToken) is { } refused)
            return refused;
        File.Delete(PathOf(name));
        return new NotebookOutcome(NotebookState.Done);
    }, cancellationToken);

    public void Dispose() => _gate.Dispose();

    private static Notebook Read(string name, byte[] bytes, DateTime changed)
    {
        var cells = NotebookText.Parse(Encoding.UTF8.GetString(bytes));
        return new Notebook(name, NotebookText.Title(cells) ?? name, cells, Convert.ToHexStringLower(SHA256.HashData(bytes)), new DateTimeOffset(changed, TimeSpan.Zero));
    }

    private static NotebookOutcome NotFound(string name) => new(NotebookState.NotFound, Message: $"There is no notebook '{name}'.");

    private static TransientException Unavailable(string operation, string name, Exception e) => new($"{operation} notebook '{name}': {e.Message}", e);

    private string PathOf(string name) => Path.Combine(_folder, name + Extension);

    private async Task<NotebookOutcome?> TakenAsync(string name, CancellationToken cancellationToken) =>
        Path.Exists(PathOf(name))
            ? new NotebookOutcome(NotebookState.Conflict, await FindAsync(name, cancellationToken), $"There is a notebook '{name}' already.")
            : null;

    private async Task<NotebookOutcome?> RefuseAsync(string name, string? version, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, cancellationToken) is not { } current)
            return NotFound(name);
        return version is null || current.Version == version
            ? null
            : new NotebookOutcome(NotebookState.Conflict, current, $"The notebook '{name}' was changed since it was loaded.");
    }

    private async Task<NotebookOutcome> ChangeAsync(string operation, string name, Func<Task<NotebookOutcome>> change, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await change();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(operation, name, e);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<Notebook> WriteAsync(string name, string text, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_folder);
        var bytes = Encoding.UTF8.GetBytes(text);
        var temporary = Path.Combine(_folder, $".{name}.{Guid.NewGuid():N}.tmp");
        try
        {
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0))
            {
                await file.WriteAsync(bytes, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, PathOf(name), overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        return Read(name, bytes, File.GetLastWriteTimeUtc(PathOf(name)));
    }
}
