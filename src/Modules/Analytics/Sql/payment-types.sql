-- How customers like to pay: orders by payment type, and their share of all orders from 0 to 1.
SELECT
    PaymentType,
    count(*) AS Orders,
    round(count(*) / sum(count(*)) OVER (), 6) AS Share
FROM orders
GROUP BY PaymentType
ORDER BY Orders DESC, PaymentType
