namespace Pipeline.Query;

/// <summary>How SQL of people runs. Bound from the section <c>Query</c>.</summary>
public sealed class QueryOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Query";

    /// <summary>The connection string of a role that may only read the warehouse: <c>ConnectionStrings:warehouse-reader</c>. Without it such a role is made.</summary>
    public const string ReaderConnectionName = "warehouse-reader";

    /// <summary>The folder of notebooks. Relative to the working folder. It is made with the first notebook.</summary>
    public string Notebooks { get; set; } = "notebooks";

    /// <summary>How long a statement may run, 1 s to 1 h.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an export may run, 1 s to 24 h.</summary>
    public TimeSpan ExportTimeLimit { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The most rows that a request may ask for, 1 to 1,000,000.</summary>
    public int MaxRows { get; set; } = 100_000;

    /// <summary>The most characters of a value; longer ones are cut. 16 to 1,000,000. Exports cut nothing.</summary>
    public int MaxCellLength { get; set; } = 4_096;

    /// <summary>The most characters of all values of a result; more rows are left out. 1,024 to 256 Mi. Exports have no such limit.</summary>
    public int MaxResultLength { get; set; } = 16 << 20;

    /// <summary>Memory of the engine over the lake, in bytes, which all statements share. At least 32 MiB.</summary>
    public long EngineMemoryBytes { get; set; } = 64L << 20;

    /// <summary>Threads of that engine, 1 to 256.</summary>
    public int EngineThreads { get; set; } = 1;

    /// <summary>How much that engine may put on the disk, in bytes. At least 1 MiB.</summary>
    public long SpillBytes { get; set; } = 2L << 30;

    /// <summary>The largest Parquet export, in bytes. At least 1 MiB.</summary>
    public long MaxExportBytes { get; set; } = 4L << 30;

    /// <summary>How long the engine stays open when nobody uses it, 1 s to 1 h.</summary>
    public TimeSpan EngineIdle { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many statements run over the lake at once, 1 to 64.</summary>
    public int LakeStatements { get; set; } = 2;

    /// <summary>How many statements run in the warehouse at once, 1 to 64.</summary>
    public int WarehouseStatements { get; set; } = 4;

    /// <summary>How many statements may wait for their turn, 0 to 10,000.</summary>
    public int MaxWaiting { get; set; } = 64;

    /// <summary>How long the list of tables may take before it leaves columns out, 10 ms to 1 min.</summary>
    public TimeSpan SchemaTimeLimit { get; set; } = TimeSpan.FromMilliseconds(700);
}
