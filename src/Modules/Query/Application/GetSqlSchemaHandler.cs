using MediatR;
using Microsoft.Extensions.Options;
using Pipeline.Query.Contracts;

namespace Pipeline.Query.Application;

/// <summary>Asks both engines for their tables at once.</summary>
internal sealed class GetSqlSchemaHandler(IEnumerable<ISqlEngine> engines, IOptions<QueryOptions> options, TimeProvider time) : IRequestHandler<GetSqlSchema, SqlSchema>
{
    public async Task<SqlSchema> Handle(GetSqlSchema request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.SchemaTimeLimit, time);
        var answers = await Task.WhenAll(engines.OrderBy(e => e.Engine).Select(e => ListAsync(e, limit.Token, cancellationToken)));
        return new SqlSchema([.. answers.Select(a => a.Schema)], answers.All(a => a.Complete));
    }

    private static async Task<(SqlEngineSchema Schema, bool Complete)> ListAsync(ISqlEngine engine, CancellationToken limit, CancellationToken cancellationToken)
    {
        try
        {
            var (tables, complete) = await engine.ListTablesAsync(limit, cancellationToken);
            return (new SqlEngineSchema(engine.Engine, tables), complete);
        }
        catch (Exception e) when (e is TransientException or TerminalException)
        {
            return (new SqlEngineSchema(engine.Engine, [], e.Message), false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (new SqlEngineSchema(engine.Engine, [], "The tables were not known in time."), false);
        }
    }
}
