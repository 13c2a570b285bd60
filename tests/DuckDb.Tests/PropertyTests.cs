using FsCheck;
using FsCheck.Fluent;

namespace Pipeline.DuckDb.Tests;

public class PropertyTests
{
    private static readonly Gen<decimal> _decimals =
        from unscaled in Gen.Choose(int.MinValue, int.MaxValue)
        from factor in Gen.Choose(0, int.MaxValue)
        from scale in Gen.Choose(0, 9)
        select new decimal(Math.Abs((long)unscaled) * factor % 100_000_000_000_000_000 * Math.Sign(unscaled)) / (decimal)Math.Pow(10, scale) % 10_000_000_000m;

    private static readonly Gen<DateTimeOffset> _instants =
        from ticks in Gen.Choose(int.MinValue, int.MaxValue)
        from micros in Gen.Choose(0, int.MaxValue)
        select DateTimeOffset.UnixEpoch.AddMinutes(ticks / 4).AddMicroseconds(micros);

    private static readonly Gen<Row> _rows =
        from text in ArbMap.Default.GeneratorFor<string>()
        from number in ArbMap.Default.GeneratorFor<long?>()
        from real in ArbMap.Default.GeneratorFor<double>()
        from flag in ArbMap.Default.GeneratorFor<bool>()
        from amount in _decimals
        from instant in _instants
        from day in Gen.Choose(0, DateOnly.MaxValue.DayNumber)
        from bytes in ArbMap.Default.GeneratorFor<byte[]>()
        select new Row(Wellformed(text), number, real, flag, decimal.Round(amount, 9), instant, DateOnly.FromDayNumber(day), bytes);

    [Fact]
    public void Appender_RandomRows_ComeBackEqual()
    {
        using var db = new Db();
        db.Connection.Execute(Table);
        Prop.ForAll(_rows.ArrayOf().ToArbitrary(), rows =>
        {
            db.Connection.Execute("DELETE FROM t");
            using (var appender = db.Connection.CreateAppender("t"))
            {
                foreach (var row in rows)
                {
                    appender.BeginRow();
                    appender.Append(row.Text);
                    if (row.Number is { } number)
                        appender.Append(number);
                    else
                        appender.AppendNull();
                    appender.Append(row.Real);
                    appender.Append(row.Flag);
                    appender.Append(row.Amount);
                    appender.Append(row.Instant);
                    appender.Append(row.Day);
                    appender.Append(row.Bytes.AsSpan());
                    appender.EndRow();
                }

                appender.Close();
            }

            Assert.Equal(rows, Read(db.Connection.Query("SELECT * FROM t ORDER BY rowid")));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Parameters_RandomRows_ComeBackEqual()
    {
        using var db = new Db();
        using var statement = db.Connection.Prepare(
            "SELECT $1::VARCHAR, $2::BIGINT, $3::DOUBLE, $4::BOOLEAN, $5::DECIMAL(38,9), $6::TIMESTAMPTZ, $7::DATE, $8::BLOB");
        Prop.ForAll(_rows.ToArbitrary(), row =>
        {
            statement.Bind(1, row.Text);
            if (row.Number is { } number)
                statement.Bind(2, number);
            else
                statement.BindNull(2);
            statement.Bind(3, row.Real);
            statement.Bind(4, row.Flag);
            statement.Bind(5, row.Amount);
            statement.Bind(6, row.Instant);
            statement.Bind(7, row.Day);
            statement.BindBlob(8, row.Bytes);
            Assert.Equal([row], Read(statement.Query()));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Literal_OfRandomText_IsTheText()
    {
        using var db = new Db();
        Prop.ForAll<string>(ArbMap.Default.ArbFor<string>(), text =>
        {
            var expected = Wellformed(text) ?? "";
            Assert.Equal(expected, db.Connection.QueryString($"SELECT {Sql.Literal(expected)}"));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Rescale_RandomValues_AgreesWithBigInteger()
    {
        var values = from digits in Gen.Choose(1, 38)
                     from seed in ArbMap.Default.GeneratorFor<NonNegativeInt>()
                     let random = new Random(seed.Get)
                     let text = string.Concat(Enumerable.Range(0, digits).Select(i => (char)('0' + random.Next(i == 0 ? 1 : 0, 10))))
                     select Int128.Parse(text, System.Globalization.CultureInfo.InvariantCulture) * (random.Next(2) == 0 ? 1 : -1);
        var scales = from width in Gen.Choose(1, 38) from scale in Gen.Choose(0, width) from old in Gen.Choose(0, 38) select (width, scale, old);
        Prop.ForAll(values.ToArbitrary(), scales.ToArbitrary(), (value, to) =>
        {
            var scaled = (System.Numerics.BigInteger)value * System.Numerics.BigInteger.Pow(10, to.scale);
            var expected = System.Numerics.BigInteger.DivRem(scaled, System.Numerics.BigInteger.Pow(10, to.old), out var rest);
            var fits = rest.IsZero && System.Numerics.BigInteger.Abs(expected) < System.Numerics.BigInteger.Pow(10, to.width);
            Assert.Equal(fits, DecimalMath.TryRescale(value, to.old, to.scale, to.width, out var moved));
            if (fits)
                Assert.Equal(expected, moved);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Fact]
    public void Decimals_RandomScales_RescaleExactlyOrNotAtAll()
    {
        Prop.ForAll(_decimals.ToArbitrary(), Gen.Choose(0, 28).ToArbitrary(), (value, scale) =>
        {
            var unscaled = DecimalMath.Unscaled(value, out var from);
            Assert.Equal(value, DecimalMath.ToDecimal(unscaled, from));
            Assert.Equal(value, decimal.Parse(DecimalMath.Text(unscaled, from), System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(Int128.Abs(unscaled).ToString(System.Globalization.CultureInfo.InvariantCulture).Length, DecimalMath.Digits(unscaled));
            if (DecimalMath.TryRescale(unscaled, from, scale, 38, out var moved))
                Assert.Equal(value, DecimalMath.ToDecimal(moved, scale));
            else
                Assert.NotEqual(value, decimal.Round(value, scale));
        }).QuickCheckThrowOnFailure();
    }

    private const string Table = "CREATE TABLE t (a VARCHAR, b BIGINT, c DOUBLE, d BOOLEAN, e DECIMAL(38,9), f TIMESTAMPTZ, g DATE, h BLOB)";

    private static string? Wellformed(string? text) =>
        text is null ? null : System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));

    private static List<Row> Read(DuckResult result)
    {
        using (result)
        {
            var rows = new List<Row>();
            while (result.ReadChunk(out var chunk))
            {
                for (var i = 0; i < chunk.RowCount; i++)
                {
                    rows.Add(new Row(
                        chunk.Column(0).IsNull(i) ? null : chunk.Column(0).GetString(i),
                        chunk.Column(1).IsNull(i) ? null : chunk.Column(1).GetInt64(i),
                        chunk.Column(2).GetDouble(i),
                        chunk.Column(3).GetBoolean(i),
                        chunk.Column(4).GetDecimal(i),
                        chunk.Column(5).GetTimestamp(i),
                        chunk.Column(6).GetDate(i),
                        chunk.Column(7).Utf8(i).ToArray()));
                }
            }

            return rows;
        }
    }

    private sealed record Row(string? Text, long? Number, double Real, bool Flag, decimal Amount, DateTimeOffset Instant, DateOnly Day, byte[] Bytes)
    {
        public bool Equals(Row? other) => other is not null
            && (Text, Number, Flag, Amount, Instant, Day) == (other.Text, other.Number, other.Flag, other.Amount, other.Instant, other.Day)
            && Real.Equals(other.Real)
            && Bytes.AsSpan().SequenceEqual(other.Bytes);

        public override int GetHashCode() => HashCode.Combine(Text, Number, Amount, Instant);
    }
}
