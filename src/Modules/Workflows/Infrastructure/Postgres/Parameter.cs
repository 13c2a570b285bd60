using Npgsql;
using NpgsqlTypes;

namespace Pipeline.Workflows.Infrastructure.Postgres;

/// <summary>Parameters by position; typed, so that values are not boxed.</summary>
internal static class Parameter
{
    public static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };

    public static NpgsqlParameter OrNull(NpgsqlDbType type, object? value) => new() { NpgsqlDbType = type, Value = value ?? DBNull.Value };

    public static NpgsqlParameter Json(string? value) => OrNull(NpgsqlDbType.Jsonb, value);

    public static NpgsqlParameter Times(IEnumerable<DateTimeOffset> values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz, Value = values.Select(v => v.UtcDateTime).ToArray() };
}
