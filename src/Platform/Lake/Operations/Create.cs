namespace Pipeline.Lake;

/// <summary>What a table is created as.</summary>
public sealed record DeltaTableDefinition
{
    /// <summary>The columns, partition columns among them.</summary>
    public required DeltaSchema Schema { get; init; }

    /// <summary>The columns that files are divided by, in order. Not of type float, double, binary, struct, array or map.</summary>
    public IReadOnlyList<string> PartitionColumns { get; init; } = [];

    /// <summary>Properties, like <c>delta.appendOnly</c> or <c>delta.checkpointInterval</c>.</summary>
    public IReadOnlyDictionary<string, string?> Configuration { get; init; } = new Dictionary<string, string?>();

    /// <summary>A name for people.</summary>
    public string? Name { get; init; }

    /// <summary>A description for people.</summary>
    public string? Description { get; init; }
}

public sealed partial class DeltaTable
{
    /// <summary>
    /// Creates the table unless it exists. Of several creators at a time one wins, and all get its table. An existing table stays as it is: its
    /// schema may differ from the given one.
    /// </summary>
    /// <exception cref="TerminalException">The definition is not valid.</exception>
    public async ValueTask<DeltaSnapshot> CreateIfNotExistsAsync(DeltaTableDefinition definition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (await _log.LatestAsync(cancellationToken) is { } existing)
            return existing;
        var metadata = MetadataOf(definition);
        var (snapshot, _) = await _committer.CommitAsync(
            current => current is not null
                ? null
                : new CommitPlan("CREATE TABLE", [new ActionLine { Protocol = ProtocolCheck.Own }, new ActionLine { MetaData = metadata }])
                {
                    Parameters = new Dictionary<string, string> { ["partitionBy"] = Parameters.List(definition.PartitionColumns) },
                },
            cancellationToken);
        return snapshot!;
    }

    private Metadata MetadataOf(DeltaTableDefinition definition)
    {
        var columns = new List<string>(definition.PartitionColumns.Count);
        foreach (var name in definition.PartitionColumns)
        {
            var field = definition.Schema.Find(name)
                ?? throw new TerminalException($"Create Delta table '{Path}': partition column '{name}' is not in its schema.");
            if (!PartitionValue.Supports(field.Type))
                throw new TerminalException($"Create Delta table '{Path}': column '{name}' of type {field.Type} cannot be a partition column.");
            if (columns.Contains(field.Name))
                throw new TerminalException($"Create Delta table '{Path}': partition column '{name}' is named twice.");
            columns.Add(field.Name);
        }

        if (columns.Count == definition.Schema.Fields.Count)
            throw new TerminalException($"Create Delta table '{Path}': it needs a column that is not a partition column.");
        return new Metadata
        {
            Id = Guid.NewGuid().ToString(),
            Name = definition.Name,
            Description = definition.Description,
            SchemaString = definition.Schema.ToJson(),
            PartitionColumns = columns,
            Configuration = definition.Configuration,
            CreatedTime = _time.GetUtcNow().ToUnixTimeMilliseconds(),
        };
    }
}
