-- A row is written twice, reserved and then answered: with room in its page, the second writing touches no index.
alter table ingestion.idempotency_keys set (fillfactor = 50);
