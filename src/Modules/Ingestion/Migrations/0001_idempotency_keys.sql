create schema if not exists ingestion;

create table ingestion.idempotency_keys (
    key           text        primary key,
    body_hash     bytea       not null,
    start_offsets bigint[]    not null,
    tries         int         not null,
    locked_until  timestamptz not null,
    created_at    timestamptz not null,
    answer        bytea
);

create index idempotency_keys_created_at on ingestion.idempotency_keys (created_at);
