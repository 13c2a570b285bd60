using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>Asks for the payment types by orders.</summary>
public sealed record GetPaymentTypes : IRequest<Answer<PaymentTypeShare>>;

/// <summary>How often a payment type is chosen.</summary>
/// <param name="PaymentType">The payment type.</param>
/// <param name="Orders">Orders that were paid so.</param>
/// <param name="Share">Their share of all orders, 0 to 1, rounded to six digits.</param>
public sealed record PaymentTypeShare(string PaymentType, long Orders, double Share);
