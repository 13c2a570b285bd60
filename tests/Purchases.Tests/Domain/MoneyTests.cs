using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Purchases.Domain;
using Pipeline.Purchases.Tests.Support;

namespace Pipeline.Purchases.Tests.Domain;

public sealed class MoneyTests
{
    private static readonly Gen<string> _numbers =
        from sign in Gen.Elements("", "-")
        from whole in Gen.OneOf(
            Gen.Constant("0"), Gen.Choose(1, int.MaxValue).Select(n => n.ToString(CultureInfo.InvariantCulture)), Digits(1, 16).Select(d => "9" + d))
        from fraction in Gen.OneOf(Gen.Constant(""), Digits(1, 25).Select(d => "." + d))
        from exponent in Gen.OneOf(Gen.Constant(""), Gen.Choose(-30, 30).Select(e => $"e{e}"), Gen.Choose(0, 15).Select(e => $"E+{e}"))
        select sign + whole + fraction + exponent;

    [Theory]
    [InlineData("0", "0.0000")]
    [InlineData("-0", "0.0000")]
    [InlineData("1e2", "100.0000")]
    [InlineData("12.5000000001", "12.5000")]
    [InlineData("0.30000000000000004", "0.3000")]
    [InlineData("0.00005", "0.0001")]
    [InlineData("-0.00005", "-0.0001")]
    [InlineData("0.000049999999999999999999", "0.0000")]
    [InlineData("2.00005", "2.0001")]
    [InlineData("99999999999999.9999", "99999999999999.9999")]
    [InlineData("123456789012345678e-4", "12345678901234.5678")]
    [InlineData("0.0000000000000000000000123e30", "12300000.0000")]
    [InlineData("1e-999999999999", "0.0000")]
    [InlineData("0e999999999999", "0.0000")]
    public void TryParse_Number_IsRoundedHalfAwayFromZero(string number, string expected)
    {
        Assert.True(Money.TryParse(Encoding.ASCII.GetBytes(number), out var scaled));
        Assert.Equal(expected, ReferenceOrder.Text(scaled));
    }

    [Theory]
    [InlineData("100000000000000")]
    [InlineData("99999999999999.99995")]
    [InlineData("-1e14")]
    [InlineData("1e999999999999")]
    public void TryParse_MoreThan14DigitsBeforeThePoint_IsRefused(string number) => Assert.False(Money.TryParse(Encoding.ASCII.GetBytes(number), out _));

    [Fact]
    public void TryParse_AnyNumber_IsWhatWholeNumberArithmeticGives() => Prop.ForAll(_numbers.ToArbitrary(), number =>
    {
        var parsed = Money.TryParse(Encoding.ASCII.GetBytes(number), out var scaled);
        string? expected;
        try
        {
            expected = ReferenceOrder.Round(number);
        }
        catch (FormatException)
        {
            expected = null;
        }

        Assert.Equal(expected, parsed ? ReferenceOrder.Text(scaled) : null);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Theory]
    [InlineData("1", true)]
    [InlineData("-1.50", true)]
    [InlineData("1e-5", true)]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData("01", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("1e", false)]
    [InlineData("1 ", false)]
    [InlineData("+1", false)]
    [InlineData("0x10", false)]
    public void IsNumber_Text_FollowsTheGrammarOfJson(string text, bool expected) => Assert.Equal(expected, Money.IsNumber(Encoding.ASCII.GetBytes(text)));

    private static Gen<string> Digits(int least, int most) =>
        Gen.Choose(least, most).SelectMany(n => Gen.ArrayOf(Gen.Choose(0, 9), n)).Select(string.Concat);
}
