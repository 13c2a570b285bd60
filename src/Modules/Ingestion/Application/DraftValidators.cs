using System.Globalization;
using System.Text;
using FluentValidation;
using Pipeline.Ingestion.Contracts;
using Pipeline.Ingestion.Domain;

namespace Pipeline.Ingestion.Application;

/// <summary>The rules of a user event's values.</summary>
internal sealed class UserEventDraftValidator : AbstractValidator<UserEventDraft>
{
    public UserEventDraftValidator(RecordLimits limits)
    {
        RuleFor(x => x.UserId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.SessionId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.EventName).IsText(RecordLimits.MaxId)
            .Must(name => EventNames.All.Contains(name!)).WithMessage("must be one of " + string.Join(", ", EventNames.All));
        RuleFor(x => x.TimeStamp).IsTimeStamp(limits);
        RuleFor(x => x.Attributes).Cascade(CascadeMode.Stop).NotNull().WithMessage(DraftRules.Required).SetValidator(new AttributesDraftValidator()!);
    }
}

/// <summary>The rules of the attributes' values.</summary>
internal sealed class AttributesDraftValidator : AbstractValidator<AttributesDraft>
{
    public AttributesDraftValidator()
    {
        RuleFor(x => x.ProductId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.Price).IsMoney();
        RuleFor(x => x.Discount).IsMoney();
    }
}

/// <summary>The rules of an order's values.</summary>
internal sealed class OrderDraftValidator : AbstractValidator<OrderDraft>
{
    public OrderDraftValidator(RecordLimits limits)
    {
        RuleFor(x => x.SessionId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.TimeStamp).IsTimeStamp(limits);
        RuleFor(x => x.UserId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.TotalPrice).IsMoney();
        RuleFor(x => x.OrderId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.Products).Cascade(CascadeMode.Stop)
            .NotNull().WithMessage(DraftRules.Required)
            .Must(products => products!.Count > 0).WithMessage("must hold at least one product");
        RuleForEach(x => x.Products).SetValidator(new ProductDraftValidator());
        RuleFor(x => x.PaymentType).IsText(RecordLimits.MaxPaymentType);
    }
}

/// <summary>The rules of an order line's values.</summary>
internal sealed class ProductDraftValidator : AbstractValidator<ProductDraft>
{
    public ProductDraftValidator()
    {
        RuleFor(x => x.ProductId).IsText(RecordLimits.MaxId);
        RuleFor(x => x.ItemCount).Cascade(CascadeMode.Stop).NotNull().WithMessage(DraftRules.Required)
            .Must(count => count is >= 1 and <= RecordLimits.MaxItemCount).WithMessage($"must be a whole number from 1 to {RecordLimits.MaxItemCount}");
        RuleFor(x => x.ItemPrice).IsMoney();
        RuleFor(x => x.ItemDiscount).IsMoney();
    }
}

/// <summary>The rules that several fields share.</summary>
internal static class DraftRules
{
    public const string Required = "is required";

    public static IRuleBuilderOptions<T, string?> IsText<T>(this IRuleBuilderInitial<T, string?> rule, int maxLength) =>
        rule.Cascade(CascadeMode.Stop)
            .NotNull().WithMessage(Required)
            .Must(text => !string.IsNullOrWhiteSpace(text)).WithMessage("must not be empty")
            .Must(text => text!.Length <= maxLength).WithMessage(string.Create(CultureInfo.InvariantCulture, $"must have at most {maxLength} characters"))
            .Must(text => !text!.Any(c => c < ' ')).WithMessage("must not hold control characters");

    public static IRuleBuilderOptions<T, string?> IsTimeStamp<T>(this IRuleBuilderInitial<T, string?> rule, RecordLimits limits) =>
        rule.Cascade(CascadeMode.Stop)
            .NotNull().WithMessage(Required)
            .Must(text => TryParse(text!, out _)).WithMessage("must be a date and time with a zone, such as 2026-01-31T10:15:30Z or 2026-01-31T10:15:30.25+02:00")
            .Must(text => TryParse(text!, out var time) && time >= limits.Earliest)
            .WithMessage(string.Create(CultureInfo.InvariantCulture, $"must not be before {limits.Earliest.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"))
            .Must(text => TryParse(text!, out var time) && time <= limits.Latest)
            .WithMessage(string.Create(CultureInfo.InvariantCulture, $"must not be after {limits.Latest.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"));

    public static IRuleBuilderOptions<T, decimal?> IsMoney<T>(this IRuleBuilderInitial<T, decimal?> rule) =>
        rule.Cascade(CascadeMode.Stop)
            .NotNull().WithMessage(Required)
            .Must(value => value is >= 0 and <= RecordLimits.MaxMoney)
            .WithMessage(string.Create(CultureInfo.InvariantCulture, $"must be from 0 to {RecordLimits.MaxMoney}"));

    private static bool TryParse(string text, out DateTimeOffset value) => Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out value);
}
