-- Who bought the same product again: customers and products with more than one order. Two pieces in one order are one purchase.
SELECT
    UserId,
    ProductId,
    count(*) FILTER (IsFirst) AS Orders,
    CAST(sum(ItemCount) AS BIGINT) AS Units
FROM order_lines
GROUP BY UserId, ProductId
HAVING Orders > 1
    AND ($after_orders IS NULL
        OR Orders < $after_orders
        OR Orders = $after_orders AND (UserId, ProductId) > ($after_user, $after_product))
ORDER BY Orders DESC, UserId, ProductId
LIMIT $limit
