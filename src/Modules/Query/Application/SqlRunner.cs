using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Runs statements within the limits of rows, size, time and places.</summary>
internal sealed class SqlRunner(IEnumerable<ISqlEngine> engines, RunningStatements running, IOptions<QueryOptions> options, ILogger<SqlRunner> logger)
{
    private const int RowsAtOnce = 500;

    private readonly Dictionary<QueryEngine, ISqlEngine> _engines = engines.ToDictionary(e => e.Engine);

    public async IAsyncEnumerable<SqlEvent> RunAsync(RunSql request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var statement = running.TryAdd(request.Engine, request.Sql, isExport: false, cancellationToken);
        if (statement is null)
        {
            yield return new SqlFailed(TooMany(), TimeSpan.Zero);
            yield break;
        }

        yield return new SqlAccepted(statement.Id, statement.Waits);
        using var span = QueryTelemetry.Start(request.Engine, isExport: false);
        var (cursor, error) = await TryOpenAsync(statement, SqlRequest.Of(request.Sql, request.Parameters), cancellationToken);
        await using var opened = cursor;
        var count = new ResultCount(request.MaxRows, options.Value);
        if (cursor is not null)
        {
            yield return new SqlColumns(cursor.Columns);
            while (error is null && !count.IsFull)
            {
                var wanted = (int)Math.Min(RowsAtOnce, count.Left + 1);
                (var rows, error) = await TryAsync(statement, () => cursor.ReadAsync(wanted, statement.Token), cancellationToken);
                if (rows is not { Count: > 0 })
                    break;
                var kept = count.Take(rows);
                statement.AddRows(kept.Count);
                if (kept.Count > 0)
                    yield return new SqlRows(kept);
            }
        }

        QueryTelemetry.Ended(span, request.Engine, error, count.Rows, statement.Elapsed);
        yield return error is null
            ? new SqlFinished(statement.Elapsed, count.Rows, count.IsFull, count.CutCells)
            : new SqlFailed(error, statement.Elapsed);
    }

    /// <summary>Prepares an export: what is wrong with the statement is known when this returns.</summary>
    public async Task<SqlExport> ExportAsync(ExportSql request, CancellationToken cancellationToken)
    {
        var statement = running.TryAdd(request.Engine, request.Sql, isExport: true, cancellationToken);
        if (statement is null)
            return new FailedExport(TooMany());
        var sql = SqlRequest.Of(request.Sql, request.Parameters);
        try
        {
            if (request.Format == ExportFormat.Csv)
            {
                var (cursor, error) = await TryOpenAsync(statement, sql, cancellationToken);
                if (cursor is not null)
                    return new CsvExport(statement, cursor);
                statement.Dispose();
                return new FailedExport(error!);
            }

            var (file, failure) = await TryAsync(
                statement,
                async () =>
                {
                    await statement.StartAsync();
                    return await _engines[statement.Engine].WriteParquetAsync(sql, statement.Token);
                },
                cancellationToken);
            statement.Dispose();
            return file is null ? new FailedExport(failure!) : new FileExport(file);
        }
        catch
        {
            statement.Dispose();
            throw;
        }
    }

    private static SqlError TooMany() => new(SqlErrorKind.TooMany, "Too many statements wait for their turn already.", Hint: "Try again when some have ended.");

    private Task<(ISqlCursor? Value, SqlError? Error)> TryOpenAsync(RunningStatement statement, SqlRequest request, CancellationToken cancellationToken) =>
        TryAsync(
            statement,
            async () =>
            {
                await statement.StartAsync();
                return await _engines[statement.Engine].OpenAsync(request, statement.Token);
            },
            cancellationToken);

    private async Task<(T? Value, SqlError? Error)> TryAsync<T>(RunningStatement statement, Func<Task<T>> work, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return (await work(), null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && statement.StopReason() is not null)
        {
            return (null, statement.StopReason());
        }
        catch (SqlFailedException e)
        {
            return (null, e.Error);
        }
        catch (TransientException e)
        {
            Log.EngineUnavailable(logger, statement.Engine, e.Message);
            return (null, new SqlError(SqlErrorKind.Unavailable, e.Message));
        }
        catch (TerminalException e)
        {
            return (null, new SqlError(SqlErrorKind.Invalid, e.Message));
        }
    }
}
