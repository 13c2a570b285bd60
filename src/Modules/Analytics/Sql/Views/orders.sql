-- Every order once. A shop may send an order again with the same OrderId: the row that the log took first counts. repeated_orders holds the places
-- of all later rows; it is kept as orders land, so that no question has to look for them.
SELECT *
FROM purchased_items
ANTI JOIN repeated_orders USING (_partition, _offset)
