using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Pipeline.Analytics.Domain;

namespace Pipeline.Analytics.Tests;

public sealed class PageCursorTests
{
    private static Gen<string> Id =>
        Gen.Choose(0, 0x10_FFFF).Where(Rune.IsValid).ListOf().Select(points => string.Concat(points.Select(p => new Rune(p).ToString())));

    [Fact]
    public void Cursor_OfAnyIds_RoundTripsThroughAUrl() =>
        Prop.ForAll(
            Id.ToArbitrary(),
            Id.ToArbitrary(),
            ArbMap.Default.ArbFor<NonNegativeInt>(),
            (user, product, number) =>
            {
                var cursor = new PageCursor(number.Item, number.Item * 3L, user, product);
                var text = cursor.ToString();
                return Uri.EscapeDataString(text) == text && PageCursor.Parse(text) == cursor;
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Cursor_OfAnyText_IsNullOrACursor() =>
        Prop.ForAll(ArbMap.Default.ArbFor<string>(), text => PageCursor.Parse(text ?? "") is null or { Version: >= 0 }).QuickCheckThrowOnFailure();
}
