CREATE SCHEMA IF NOT EXISTS events;

-- What users did. Segmented by the offset in the log, so that the part that is written to, and its indexes, stay small enough for memory however much is stored.
-- There is no key on (partition, offset): the positions below are moved by compare-and-set in the transaction that adds the rows, so no record comes twice.
CREATE TABLE events.user_events (
    "offset" bigint NOT NULL,
    time_stamp timestamptz NOT NULL,
    partition int NOT NULL,
    hour int NOT NULL, -- of time_stamp, since 1970 UTC
    user_id text COLLATE "C" NOT NULL,
    session_id text COLLATE "C" NOT NULL,
    event_name text COLLATE "C" NOT NULL,
    attributes jsonb NOT NULL
) PARTITION BY RANGE ("offset");

ALTER TABLE events.user_events ALTER COLUMN attributes SET STATISTICS 0;

-- By hour and not by time: many entries are then equal and share one, so that the index is a fifth as large and costs half as much to keep.
CREATE INDEX user_events_by_user ON events.user_events (user_id, hour);
-- The newest of all: one in 1,024 events, in order, tells about where to begin, the block ranges then find the rows.
CREATE INDEX user_events_sample ON events.user_events (time_stamp) WHERE "offset" % 1024 = 0;
CREATE INDEX user_events_by_time ON events.user_events USING brin (time_stamp, "offset") WITH (pages_per_range = 64);

-- Room in each page, so that an updated count stays in its page and no index changes.
CREATE TABLE events.event_counts (
    user_id text COLLATE "C" NOT NULL,
    event_name text COLLATE "C" NOT NULL,
    event_count bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, event_name)
) WITH (fillfactor = 70);

CREATE TABLE events.positions (
    partition int PRIMARY KEY,
    next_offset bigint NOT NULL DEFAULT 0,
    aggregated_offset bigint NOT NULL DEFAULT 0,
    CHECK (0 <= aggregated_offset AND aggregated_offset <= next_offset)
) WITH (fillfactor = 50);

-- Creates the segment of offsets [segment * size, (segment + 1) * size) if it is not there. Writers and readers of other segments are not held up.
CREATE FUNCTION events.ensure_segment(segment bigint, size bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'user_events_' || segment;
BEGIN
    PERFORM pg_advisory_xact_lock(7308604759863157618);
    -- Not to_regclass: it may remember from before the wait that there was none.
    PERFORM FROM pg_class WHERE relname = name AND relnamespace = 'events'::regnamespace;
    IF FOUND THEN
        RETURN;
    END IF;
    -- Rows are only added: the defaults would vacuum and analyze a growing segment over and over.
    EXECUTE format(
        'CREATE TABLE events.%I (LIKE events.user_events INCLUDING DEFAULTS INCLUDING STORAGE) WITH (
            autovacuum_vacuum_insert_threshold = 500000, autovacuum_vacuum_insert_scale_factor = 1,
            autovacuum_analyze_threshold = 20000, autovacuum_analyze_scale_factor = 1)', name);
    EXECUTE format('ALTER TABLE events.%I ALTER COLUMN attributes SET STATISTICS 0', name);
    EXECUTE format('CREATE INDEX %I ON events.%I USING brin (time_stamp, "offset") WITH (pages_per_range = 64)', name || '_by_time', name);
    EXECUTE format('ALTER TABLE events.user_events ATTACH PARTITION events.%I FOR VALUES FROM (%s) TO (%s)', name, segment * size, (segment + 1) * size);
END
$$;

-- Brings the block-range index of a segment up to date with its newest blocks, which it otherwise learns of at the next vacuum only. Skipped while
-- something else has the segment: a vacuum does the same.
CREATE FUNCTION events.summarize_segment(segment bigint) RETURNS void LANGUAGE plpgsql SET lock_timeout = '20ms' AS $$
BEGIN
    PERFORM brin_summarize_new_values(format('events.user_events_%s_by_time', segment)::regclass);
EXCEPTION
    WHEN lock_not_available THEN
        RETURN;
END
$$;
