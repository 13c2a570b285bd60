using Npgsql;

namespace Pipeline.EventLog.Postgres;

/// <summary>Adds the values of <c>$1</c>, <c>$2</c>, ... in their order, without boxing them.</summary>
internal static class StatementExtensions
{
    public static NpgsqlCommand With<T>(this NpgsqlCommand command, T value)
    {
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return command;
    }

    public static NpgsqlBatchCommand With<T>(this NpgsqlBatchCommand command, T value)
    {
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return command;
    }
}
