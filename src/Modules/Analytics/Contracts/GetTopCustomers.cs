using MediatR;

namespace Pipeline.Analytics.Contracts;

/// <summary>
/// Asks for the customers by their highest single order in the hours up to a moment: orders with <c>Until - Hours &lt; TimeStamp &lt;= Until</c>. An order
/// that a shop dated into the future counts when its time has come.
/// </summary>
/// <param name="Hours">The length of the window, 1 to 878,400.</param>
/// <param name="Limit">The most customers, 1 to 1,000.</param>
/// <param name="Until">The end of the window; null means now.</param>
public sealed record GetTopCustomers(int Hours = 1, int Limit = 10, DateTimeOffset? Until = null) : IRequest<Answer<TopCustomer>>;

/// <summary>What a customer ordered in the window.</summary>
/// <param name="UserId">The customer.</param>
/// <param name="HighestOrder">The total of the highest order.</param>
/// <param name="OrderId">That order; of several with the same total the one with the smallest id.</param>
/// <param name="Orders">All orders of the window.</param>
/// <param name="Spent">The sum of their totals.</param>
public sealed record TopCustomer(string UserId, decimal HighestOrder, string OrderId, long Orders, decimal Spent);
