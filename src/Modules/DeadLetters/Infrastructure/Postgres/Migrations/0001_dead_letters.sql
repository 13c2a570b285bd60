create schema if not exists dead_letters;

-- What is known of the letters in the log: enough to list and count them, and what became of them. Payloads stay in the log.
-- The record that a letter is about identifies it: a sink that died may have put the record aside twice.
create table dead_letters.letters (
    id                 bigint      generated always as identity,
    source_topic       text        not null,
    source_partition   int         not null,
    source_offset      bigint      not null,
    topic              text        not null,
    partition          int         not null,
    log_offset         bigint      not null,
    reason             text        not null,
    error              text        not null,
    at                 timestamptz not null,
    size               int         not null,
    cut_from           int,
    state              text        not null default 'open' check (state in ('open', 'replaying', 'replayed', 'discarded')),
    changed_at         timestamptz,
    changed_by         text,
    note               text,
    -- Of a replay that was begun: which one it is, what it appends where that is not the letter's payload, and the ends of the source topic before it began.
    attempt            uuid,
    payload            bytea,
    since              bigint[],
    replayed_partition int,
    replayed_offset    bigint,
    primary key (source_topic, source_partition, source_offset)
);

create index on dead_letters.letters (at, id);
create index on dead_letters.letters (topic, partition, log_offset);
create index letters_to_do on dead_letters.letters (at, id) where state in ('open', 'replaying');

-- How far each partition of the log was looked at.
create table dead_letters.positions (
    topic        text   not null,
    partition    int    not null,
    next_offset  bigint not null,
    start_offset bigint not null default 0,
    primary key (topic, partition)
);
