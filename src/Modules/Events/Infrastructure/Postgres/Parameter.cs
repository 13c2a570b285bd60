using Npgsql;

namespace Pipeline.Events.Infrastructure.Postgres;

/// <summary>Parameters by position; typed, so that values are not boxed.</summary>
internal static class Parameter
{
    public static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };
}
