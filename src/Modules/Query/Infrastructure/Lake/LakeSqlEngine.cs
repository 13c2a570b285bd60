using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.DuckDb;
using Pipeline.Lake;
using Pipeline.Query.Application;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Infrastructure.Lake;

/// <summary>
/// DuckDB over the lake. One database in memory, whose limit bounds all statements together; it reads files of the lake's folder and no others, and its
/// configuration is locked. Each statement has a connection of its own.
/// </summary>
internal sealed class LakeSqlEngine : ISqlEngine, IDisposable
{
    private static readonly TimeSpan _sizeCheck = TimeSpan.FromMilliseconds(250);

    private readonly LakeCatalog _lake;
    private readonly LakeTables _tables;
    private readonly QueryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SharedDatabase _database;

    public LakeSqlEngine(LakeCatalog lake, LakeTables tables, IOptions<QueryOptions> options, TimeProvider time, ILogger<LakeSqlEngine> logger)
    {
        _lake = lake;
        _tables = tables;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _database = new SharedDatabase(Open, _options.EngineIdle, reason => Log.EngineLost(logger, reason), time);
    }

    public QueryEngine Engine => QueryEngine.Lake;

    public int Slots => _options.LakeStatements;

    /// <summary>Whether the engine holds memory now.</summary>
    internal bool IsOpen => _database.IsOpen;

    public Task<ISqlCursor> OpenAsync(SqlRequest request, CancellationToken cancellationToken) => RunAsync<ISqlCursor>(
        request,
        (lease, statement) =>
        {
            DuckResult? result = null;
            try
            {
                result = lease.Connection.Query(statement.Sql, cancellationToken);
                CheckColumns(result);
                return new DuckCursor(lease, result, e => Translate(e, lease, statement));
            }
            catch
            {
                result?.Dispose();
                throw;
            }
        },
        keepLease: true,
        cancellationToken);

    public Task<string> WriteParquetAsync(SqlRequest request, CancellationToken cancellationToken) => WriteFileAsync(
        (file, stop) => RunAsync(
            request,
            (lease, statement) =>
            {
                if (statement.Explains)
                    throw new SqlFailedException(new SqlError(SqlErrorKind.Refused, "A plan has no columns to be written: run EXPLAIN, or export the statement itself."));

                // What is wrong with the statement has its place in it, and not in the COPY.
                lease.Connection.Prepare(statement.Sql).Dispose();
                return lease.Connection.Execute(Copy(statement.Sql, file), stop);
            },
            keepLease: false,
            stop),
        cancellationToken);

    /// <summary>Writes the rows of a SELECT of this program to a new Parquet file, which is the caller's to delete.</summary>
    public Task<string> ConvertAsync(string select, CancellationToken cancellationToken) => WriteFileAsync(
        (file, stop) => Task.Run(
            () =>
            {
                using var lease = _database.Connect();
                try
                {
                    return lease.Connection.Execute(Copy(select, file), stop);
                }
                catch (Exception e) when (DuckError.Of(e) is not null)
                {
                    throw Translate(e, lease, null);
                }
            },
            stop),
        cancellationToken);

    public Task<(IReadOnlyList<SqlTable> Tables, bool Complete)> ListTablesAsync(CancellationToken timeLimit, CancellationToken cancellationToken) =>
        _tables.ListAsync(timeLimit, cancellationToken);

    public void Dispose() => _database.Dispose();

    private async Task<T> RunAsync<T>(SqlRequest request, Func<DatabaseLease, LakeStatement, T> work, bool keepLease, CancellationToken cancellationToken)
    {
        // Opening the engine takes a moment, as running a statement does: not on the caller's thread.
        var lease = await Task.Run(_database.Connect, cancellationToken);
        LakeStatement? statement = null;
        var kept = false;
        try
        {
            statement = await Task.Run(() => LakeStatement.PrepareAsync(lease.Connection, _tables, request, cancellationToken), cancellationToken);
            var result = await Task.Run(() => work(lease, statement), cancellationToken);
            kept = keepLease;
            return result;
        }
        catch (Exception e) when (DuckError.Of(e) is not null)
        {
            throw Translate(e, lease, statement);
        }
        finally
        {
            if (!kept)
                lease.Dispose();
        }
    }

    private static string Copy(string select, string file) => $"COPY ({select}\n) TO {Sql.Literal(file)} (FORMAT parquet, COMPRESSION zstd)";

    private async Task<string> WriteFileAsync(Func<string, CancellationToken, Task<long>> write, CancellationToken cancellationToken)
    {
        var file = _lake.Store.NewStagingPath(".parquet");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using var tooLarge = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(tooLarge.Token, cancellationToken);
        try
        {
            await using var watch = _time.CreateTimer(_ => StopIfTooLarge(file, tooLarge), null, _sizeCheck, _sizeCheck);
            await write(file, either.Token);
            return file;
        }
        catch (Exception e)
        {
            File.Delete(file);
            if (e is OperationCanceledException && tooLarge.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new SqlFailedException(
                    new SqlError(SqlErrorKind.MemoryLimit, $"The file would be larger than {QueryOptions.Section}:{nameof(QueryOptions.MaxExportBytes)} = {_options.MaxExportBytes}."), e);
            }

            throw;
        }
    }

    private static void CheckColumns(DuckResult result)
    {
        if (result.Columns.FirstOrDefault(c => c.Type.Id is DuckTypeId.Geometry or DuckTypeId.Variant) is { } column)
        {
            throw new SqlFailedException(
                new SqlError(SqlErrorKind.Invalid, $"Column {column.Name} is of type {column.Type}, which cannot be shown.", Hint: "Cast it to VARCHAR or JSON."));
        }
    }

    private Exception Translate(Exception error, DatabaseLease lease, LakeStatement? statement)
    {
        lease.Report(error);
        return DuckFailures.Translate(error, statement, _lake.Store.LocalFolder, _options);
    }

    private void StopIfTooLarge(string file, CancellationTokenSource tooLarge)
    {
        var written = new FileInfo(file);
        if (written.Exists && written.Length > _options.MaxExportBytes)
            tooLarge.Cancel();
    }

    private (DuckDatabase Database, Action? Closed) Open()
    {
        var spill = _lake.Store.NewStagingPath("");
        var database = DuckDatabase.Open(new DuckOptions
        {
            MemoryLimitBytes = _options.EngineMemoryBytes,
            Threads = _options.EngineThreads,
            TempDirectory = spill,
            MaxTempBytes = _options.SpillBytes,
        });
        using (var connection = database.Connect())
        {
            connection.Execute(
                $"SET GLOBAL allowed_directories = [{Sql.Literal(_lake.Store.LocalFolder)}]; SET GLOBAL enable_external_access = false; SET GLOBAL lock_configuration = true");
        }

        return (database, () => Remove(spill));
    }

    private void Remove(string spill)
    {
        try
        {
            if (Directory.Exists(spill))
                Directory.Delete(spill, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The cleaning of the lake's staging folder finds it later.
            Log.SpillKept(_logger, spill);
        }
    }
}
