using Pipeline.Analytics.Application;
using Pipeline.DuckDb;

namespace Pipeline.Analytics.Infrastructure.Lake;

/// <summary>A row of the chunk that is being read.</summary>
internal sealed class AnswerRow(DuckChunk chunk) : IAnswerRow
{
    private static readonly Int128 _largestDecimal = (Int128)decimal.MaxValue;

    public int Row { get; set; }

    public string Text(int column) => chunk.Column(column).GetString(Row);

    public long Integer(int column) => chunk.Column(column).GetInt64(Row);

    public double Number(int column) => chunk.Column(column).GetDouble(Row);

    /// <summary>Exact as far as a decimal is: of a sum beyond 28 digits, which no shop has but a client can send, the fraction is cut off.</summary>
    public decimal Money(int column)
    {
        var vector = chunk.Column(column);
        var unscaled = vector.GetInt128(Row);
        if (Int128.Abs(unscaled) <= _largestDecimal)
            return vector.GetDecimal(Row);
        for (var digit = 0; digit < vector.Type.Scale; digit++)
            unscaled /= 10;
        return (decimal)unscaled;
    }
}
