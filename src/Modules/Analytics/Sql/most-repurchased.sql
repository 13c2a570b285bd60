-- Which products are bought again and again: customers who came back for the product, and their orders of it after the first one.
SELECT
    product_id AS "ProductId",
    count(*) AS "Customers",
    sum(orders - 1)::bigint AS "RepeatOrders"
FROM repeat_purchases
GROUP BY product_id
ORDER BY "RepeatOrders" DESC, "Customers" DESC, product_id
LIMIT @limit
