using System.Collections.Immutable;
using System.Text.Json;
using Pipeline.DuckDb;

namespace Pipeline.Lake;

/// <summary>A column, or a field of a struct.</summary>
/// <param name="Name">Its name; unique without regard to case among its siblings.</param>
/// <param name="Type">Its type.</param>
/// <param name="Nullable">False where it never holds null.</param>
public sealed record DeltaField(string Name, DeltaType Type, bool Nullable = true)
{
    /// <summary>What other writers noted about the column; kept as it is.</summary>
    public ImmutableSortedDictionary<string, JsonElement> Metadata { get; init; } = ImmutableSortedDictionary<string, JsonElement>.Empty;

    /// <summary>Equal by name, type and nullability.</summary>
    public bool Equals(DeltaField? other) =>
        other is not null && Name == other.Name && Nullable == other.Nullable && Type.Equals(other.Type);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Nullable);
}

/// <summary>The columns of a table, in order.</summary>
public sealed class DeltaSchema : IEquatable<DeltaSchema>
{
    private readonly Dictionary<string, DeltaField> _byName;

    /// <summary>Creates a schema.</summary>
    /// <exception cref="TerminalException">Two columns have one name (case does not count), or a name is empty.</exception>
    public DeltaSchema(params IEnumerable<DeltaField> fields)
    {
        Struct = new DeltaStruct([.. fields]);
        _byName = new Dictionary<string, DeltaField>(Struct.Fields.Count, StringComparer.OrdinalIgnoreCase);
        foreach (var field in Struct.Fields)
        {
            if (field.Name.Length == 0)
                throw new TerminalException("A column needs a name.");
            if (!_byName.TryAdd(field.Name, field))
                throw new TerminalException($"Two columns are named '{field.Name}' (case does not count).");
        }
    }

    /// <summary>The columns.</summary>
    public IReadOnlyList<DeltaField> Fields => Struct.Fields;

    /// <summary>The columns as one struct.</summary>
    public DeltaStruct Struct { get; }

    /// <summary>The column of a name, without regard to case; null where there is none.</summary>
    public DeltaField? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Reads the protocol's <c>schemaString</c>.</summary>
    /// <exception cref="TerminalException">It is not one, or holds a type that this implementation does not know.</exception>
    public static DeltaSchema Parse(string json) => SchemaJson.Parse(json);

    /// <summary>The schema of a table that holds the rows of a query, which is prepared and not run.</summary>
    /// <param name="connection">The connection that knows what the query names.</param>
    /// <param name="query">A SELECT.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <exception cref="TerminalException">The query is wrong, or a column is of a type that tables do not hold; the message names it.</exception>
    public static DeltaSchema OfQuery(DuckConnection connection, string query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return SourceQuery.ReadColumns(connection, query, cancellationToken);
    }

    /// <summary>Writes the protocol's <c>schemaString</c>.</summary>
    public string ToJson() => SchemaJson.Write(this);

    /// <summary>
    /// This schema and the columns (and struct fields) that only <paramref name="other"/> has, appended as nullable ones. Columns that only this
    /// schema has stay. Returns this same object where nothing is added.
    /// </summary>
    /// <exception cref="TerminalException">A column is of different types in the two; the message names it and both types.</exception>
    public DeltaSchema MergeWith(DeltaSchema other) => SchemaEvolution.Merge(this, other);

    /// <summary>Equal where all columns are, in order.</summary>
    public bool Equals(DeltaSchema? other) => other is not null && Struct.Equals(other.Struct);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as DeltaSchema);

    /// <inheritdoc/>
    public override int GetHashCode() => Struct.GetHashCode();

    /// <summary>The columns, for messages.</summary>
    public override string ToString() => string.Join(", ", Fields.Select(f => $"{f.Name} {f.Type}"));
}
