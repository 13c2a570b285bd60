-- Which products sell best: pieces sold, orders that hold the product, and what was paid for it after discounts.
SELECT
    ProductId,
    CAST(sum(ItemCount) AS BIGINT) AS Units,
    count(*) FILTER (IsFirst) AS Orders,
    sum(CAST(ItemPrice - ItemDiscount AS DECIMAL(28, 4)) * ItemCount) AS Revenue
FROM order_lines
GROUP BY ProductId
ORDER BY Units DESC, Revenue DESC, ProductId
LIMIT $limit
