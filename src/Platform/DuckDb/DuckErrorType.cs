namespace Pipeline.DuckDb;

/// <summary>DuckDB's classes of errors; the values are those of <c>duckdb_error_type</c>.</summary>
public enum DuckErrorType
{
    /// <summary>No class is known.</summary>
    Invalid = 0,
    /// <summary>A value lies outside its type's range.</summary>
    OutOfRange = 1,
    /// <summary>A value cannot be converted to the wanted type.</summary>
    Conversion = 2,
    /// <summary>An unknown type.</summary>
    UnknownType = 3,
    /// <summary>Decimal arithmetic failed.</summary>
    DecimalArithmetic = 4,
    /// <summary>Two types do not match.</summary>
    MismatchType = 5,
    /// <summary>Division by zero.</summary>
    DivideByZero = 6,
    /// <summary>An object is too large.</summary>
    ObjectSize = 7,
    /// <summary>A type is not valid here.</summary>
    InvalidType = 8,
    /// <summary>Serialisation failed.</summary>
    Serialization = 9,
    /// <summary>A transaction conflicts with another one, or was aborted by an earlier error.</summary>
    Transaction = 10,
    /// <summary>DuckDB does not implement this.</summary>
    NotImplemented = 11,
    /// <summary>An expression is wrong.</summary>
    Expression = 12,
    /// <summary>A table, column, function or setting does not exist, or exists already.</summary>
    Catalog = 13,
    /// <summary>The SQL text is wrong.</summary>
    Parser = 14,
    /// <summary>Planning failed.</summary>
    Planner = 15,
    /// <summary>The task scheduler failed.</summary>
    Scheduler = 16,
    /// <summary>The executor failed.</summary>
    Executor = 17,
    /// <summary>A constraint was violated.</summary>
    Constraint = 18,
    /// <summary>An index failed.</summary>
    Index = 19,
    /// <summary>Statistics failed.</summary>
    Statistics = 20,
    /// <summary>The connection failed.</summary>
    Connection = 21,
    /// <summary>The SQL's syntax is wrong.</summary>
    Syntax = 22,
    /// <summary>A setting is wrong.</summary>
    Settings = 23,
    /// <summary>Names or types in the SQL cannot be resolved.</summary>
    Binder = 24,
    /// <summary>The network failed.</summary>
    Network = 25,
    /// <summary>The optimiser failed.</summary>
    Optimizer = 26,
    /// <summary>A null pointer inside DuckDB.</summary>
    NullPointer = 27,
    /// <summary>A file cannot be read or written.</summary>
    IO = 28,
    /// <summary>The query was interrupted.</summary>
    Interrupt = 29,
    /// <summary>The database is no longer usable and must be opened again.</summary>
    Fatal = 30,
    /// <summary>A mistake inside DuckDB; the database must be opened again.</summary>
    Internal = 31,
    /// <summary>Input (a file, a value, a parameter) is wrong.</summary>
    InvalidInput = 32,
    /// <summary>The memory limit was reached.</summary>
    OutOfMemory = 33,
    /// <summary>The configuration forbids this.</summary>
    Permission = 34,
    /// <summary>A parameter's type cannot be resolved.</summary>
    ParameterNotResolved = 35,
    /// <summary>A parameter is not allowed here.</summary>
    ParameterNotAllowed = 36,
    /// <summary>Something else depends on this object.</summary>
    Dependency = 37,
    /// <summary>An HTTP request failed.</summary>
    Http = 38,
    /// <summary>An extension is missing.</summary>
    MissingExtension = 39,
    /// <summary>An extension cannot be loaded.</summary>
    Autoload = 40,
    /// <summary>A sequence failed.</summary>
    Sequence = 41,
    /// <summary>The configuration is wrong.</summary>
    InvalidConfiguration = 42,
}
