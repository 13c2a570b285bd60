-- Who gave the largest single order lately: customers by their highest order of the window, with its number, and all that they ordered in the window.
SELECT
    UserId,
    max(TotalPrice) AS HighestOrder,
    arg_min(OrderId, (-TotalPrice, OrderId)) AS OrderId,
    count(*) AS Orders,
    sum(TotalPrice) AS Spent
FROM orders
WHERE TimeStamp > $from AND TimeStamp <= $until
GROUP BY UserId
ORDER BY HighestOrder DESC, UserId
LIMIT $limit
