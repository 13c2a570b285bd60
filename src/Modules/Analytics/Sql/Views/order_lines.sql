-- Every line of every order. An order may hold a product on several lines: IsFirst marks one of them, so that its orders can be counted by a plain count.
SELECT
    OrderId,
    UserId,
    unnest(Products, recursive := true),
    unnest(list_transform(ProductIds, lambda id, line: list_position(ProductIds, id) = line)) AS IsFirst
FROM (SELECT OrderId, UserId, Products, list_transform(Products, lambda p: p.ProductId) AS ProductIds FROM orders)
