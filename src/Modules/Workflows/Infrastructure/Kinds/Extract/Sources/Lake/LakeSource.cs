using Pipeline.Lake;
using Pipeline.Workflows.Application;
using Pipeline.Workflows.Domain;
using Pipeline.Workflows.Infrastructure.Kinds.Engine;

namespace Pipeline.Workflows.Infrastructure.Kinds.Extract.Sources.Lake;

/// <summary>The source <c>lake</c>: a Delta table at a version, or Parquet objects by a pattern of paths.</summary>
internal sealed class LakeSource : ISource
{
    public string Name => "lake";

    public IEnumerable<TaskFault> Check(WorkflowDefinition workflow, KindSettings settings)
    {
        if (settings.Text("path") is { } path && Glob.IsPattern(path) && settings.Has("version"))
            yield return new TaskFault("version", "Only a table has versions.");
    }

    public async Task<SourceRows> OpenAsync(SourceRequest request, CancellationToken cancellationToken)
    {
        var path = request.Settings.Required("path");
        var lake = request.Session.Lake;
        SqlQuery query;
        if (Glob.IsPattern(path))
        {
            query = await ObjectsAsync(request.Session, path, cancellationToken);
        }
        else if (await lake.Store.HeadAsync(ObjectPath.Parse(path), cancellationToken) is { } single)
        {
            query = await ObjectsAsync(request.Session, path, [single.Path], cancellationToken);
        }
        else
        {
            var table = lake.Table(path);
            var snapshot = request.Settings.Number("version") is { } version
                ? await table.SnapshotAsync(version, cancellationToken)
                : await table.SnapshotAsync(cancellationToken);
            query = new SqlQuery(await snapshot.ToSqlAsync(null, cancellationToken), $"Table {path}");
        }

        return new SourceRows(await Columns.CastAsync(request.Session, query, request.Columns, cancellationToken));
    }

    private static async Task<SqlQuery> ObjectsAsync(SqlSession session, string pattern, CancellationToken cancellationToken)
    {
        var glob = new Glob(pattern);
        var prefix = glob.Root.TrimEnd('/');
        var paths = new List<ObjectPath>();
        await foreach (var info in session.Lake.Store.ListAsync(prefix.Length == 0 ? ObjectPath.Root : ObjectPath.Parse(prefix), null, cancellationToken))
        {
            if (glob.IsMatch(info.Path.Value))
                paths.Add(info.Path);
        }

        return paths.Count > 0
            ? await ObjectsAsync(session, pattern, paths, cancellationToken)
            : throw new TerminalException($"{pattern}: no object of the lake matches.");
    }

    private static async Task<SqlQuery> ObjectsAsync(SqlSession session, string name, List<ObjectPath> paths, CancellationToken cancellationToken)
    {
        var files = new List<string>(paths.Count);
        foreach (var path in paths)
        {
            var local = await session.Lake.Store.GetLocalPathAsync(path, cancellationToken);
            session.Name(local, path.Value);
            files.Add(local);
        }

        return new SqlQuery(ParquetOutput.Select(files), name);
    }
}
