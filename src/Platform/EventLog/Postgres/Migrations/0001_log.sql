CREATE SCHEMA log;

-- A topic's row is also the lock of its appends, and says which chunk takes them. They lock the row and change nothing in it: a counter here would
-- leave a dead row at each flush, and a long transaction anywhere in the database would make all of them slower and slower.
CREATE TABLE log.topics (
    topic_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    partitions int NOT NULL,
    chunk_id int NOT NULL DEFAULT 0,
    max_age_ms bigint,
    max_bytes bigint,
    drop_unconsumed boolean NOT NULL
);

-- A chunk is the table log.batches_<chunk_id>, which retention drops as a whole, and the function log.append_<chunk_id>.
CREATE TABLE log.chunks (
    chunk_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id int NOT NULL REFERENCES log.topics,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    bytes bigint,
    dropped_at timestamptz
);

CREATE INDEX ON log.chunks (topic_id);

-- The first offset of each partition in each chunk. A partition without records in a chunk has the same base in the next one.
CREATE TABLE log.chunk_bases (
    topic_id int NOT NULL,
    partition int NOT NULL,
    base_offset bigint NOT NULL,
    chunk_id int NOT NULL REFERENCES log.chunks ON DELETE CASCADE,
    PRIMARY KEY (topic_id, partition, base_offset, chunk_id)
);

CREATE INDEX ON log.chunk_bases (chunk_id);

CREATE TABLE log.partitions (
    topic_id int NOT NULL REFERENCES log.topics,
    partition int NOT NULL,
    start_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic_id, partition)
);

CREATE FUNCTION log.lock_schema() RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('pipeline.log.schema', 0))
$$;

CREATE FUNCTION log.create_chunk(p_topic int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_chunk int;
BEGIN
    INSERT INTO log.chunks (topic_id) VALUES (p_topic) RETURNING chunk_id INTO v_chunk;

    -- Records are stored by batches of one partition that fill a page, in the bytes of the record codec. Rows up to a whole page stay out of TOAST.
    -- Nothing is ever updated or deleted, so only wraparound needs a vacuum.
    EXECUTE format($table$
        CREATE TABLE log.batches_%1$s (
            last_offset bigint NOT NULL,
            partition int NOT NULL,
            count int NOT NULL,
            data bytea STORAGE EXTERNAL NOT NULL,
            PRIMARY KEY (partition, last_offset)
        ) WITH (toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_threshold = 2147483647)
        $table$, v_chunk);

    -- Appends to the chunk; a function of its own, so that its statements are planned once. The first two arrays have an element for each partition:
    -- its number, and the first offset of the caller's last flush, from where the end is looked for. That also marks those rows as committed while their
    -- pages are in memory and dirty anyway; left to the readers, it would write every page, and its image in the WAL, a second time. The other arrays have
    -- an element for each stored row: the index of its partition in the first array, the place of its last record among the partition's new ones, how many
    -- it holds, its bytes. Returns the first new offset of each partition. The lock is held until commit, so that offsets become visible in order.
    EXECUTE format($function$
        CREATE FUNCTION log.append_%1$s(p_partitions int[], p_known bigint[], p_slots int[], p_lasts int[], p_counts int[], p_data bytea[])
        RETURNS bigint[] LANGUAGE plpgsql AS $body$
        DECLARE
            v_base bigint;
            v_bases bigint[];
        BEGIN
            PERFORM FROM log.topics WHERE topic_id = %2$s AND chunk_id = %1$s FOR NO KEY UPDATE;
            IF NOT FOUND THEN
                RAISE EXCEPTION USING ERRCODE = 'EL001', MESSAGE = 'chunk %1$s of the log is closed';
            END IF;
            FOR i IN 1..cardinality(p_partitions) LOOP
                SELECT max(last_offset) + 1 INTO v_base FROM (
                    SELECT last_offset FROM log.batches_%1$s
                    WHERE partition = p_partitions[i] AND last_offset >= p_known[i] ORDER BY last_offset DESC LIMIT 2000) AS rows;
                IF v_base IS NULL THEN
                    SELECT last_offset + 1 INTO v_base FROM log.batches_%1$s WHERE partition = p_partitions[i] ORDER BY last_offset DESC LIMIT 1;
                    IF NOT FOUND THEN
                        SELECT base_offset INTO STRICT v_base FROM log.chunk_bases WHERE chunk_id = %1$s AND partition = p_partitions[i];
                    END IF;
                END IF;
                v_bases[i] := v_base;
            END LOOP;
            INSERT INTO log.batches_%1$s (last_offset, partition, count, data)
            SELECT v_bases[slot] + last, p_partitions[slot], count, data
            FROM (SELECT unnest(p_slots) AS slot, unnest(p_lasts) AS last, unnest(p_counts) AS count, unnest(p_data) AS data) AS rows;
            RETURN v_bases;
        END $body$
        $function$, v_chunk, p_topic);
    RETURN v_chunk;
END $$;

-- The offset that the next record of each partition of some topics gets.
CREATE FUNCTION log.ends(p_topics int[]) RETURNS TABLE (topic_id int, partition int, next_offset bigint) STABLE LANGUAGE plpgsql AS $$
DECLARE
    v_topic int;
    v_chunk int;
BEGIN
    FOR v_topic, v_chunk IN SELECT t.topic_id, t.chunk_id FROM log.topics t WHERE t.topic_id = ANY (p_topics) LOOP
        RETURN QUERY EXECUTE format(
            'SELECT b.topic_id, b.partition, coalesce('
            || '(SELECT last_offset + 1 FROM log.batches_%1$s r WHERE r.partition = b.partition ORDER BY last_offset DESC LIMIT 1), b.base_offset)'
            || ' FROM log.chunk_bases b WHERE b.chunk_id = %1$s', v_chunk);
    END LOOP;
END $$;

-- Creates the topic or sets its retention. Returns how many partitions it has.
CREATE FUNCTION log.ensure_topic(p_name text, p_partitions int, p_max_age_ms bigint, p_max_bytes bigint, p_drop_unconsumed boolean)
RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_topic log.topics;
    v_chunk int;
BEGIN
    PERFORM log.lock_schema();
    SELECT * INTO v_topic FROM log.topics WHERE name = p_name;
    IF NOT FOUND THEN
        INSERT INTO log.topics (name, partitions, max_age_ms, max_bytes, drop_unconsumed)
        VALUES (p_name, p_partitions, p_max_age_ms, p_max_bytes, p_drop_unconsumed) RETURNING * INTO v_topic;
        v_chunk := log.create_chunk(v_topic.topic_id);
        UPDATE log.topics SET chunk_id = v_chunk WHERE topic_id = v_topic.topic_id;
        INSERT INTO log.partitions (topic_id, partition) SELECT v_topic.topic_id, p FROM generate_series(0, p_partitions - 1) p;
        INSERT INTO log.chunk_bases SELECT v_topic.topic_id, p, 0, v_chunk FROM generate_series(0, p_partitions - 1) p;
    ELSIF v_topic.partitions = p_partitions AND (v_topic.max_age_ms, v_topic.max_bytes, v_topic.drop_unconsumed)
        IS DISTINCT FROM (p_max_age_ms, p_max_bytes, p_drop_unconsumed) THEN
        UPDATE log.topics SET max_age_ms = p_max_age_ms, max_bytes = p_max_bytes, drop_unconsumed = p_drop_unconsumed WHERE topic_id = v_topic.topic_id;
    END IF;
    RETURN v_topic.partitions;
END $$;

-- Closes the chunk and opens the next one. Appends go on until the topic's row is locked, and then in the new one.
CREATE FUNCTION log.roll_chunk(p_chunk int, p_bytes bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_topic int;
    v_new int;
BEGIN
    PERFORM log.lock_schema();
    SELECT topic_id INTO v_topic FROM log.chunks WHERE chunk_id = p_chunk AND closed_at IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    v_new := log.create_chunk(v_topic);
    PERFORM FROM log.topics WHERE topic_id = v_topic FOR NO KEY UPDATE;
    INSERT INTO log.chunk_bases (topic_id, partition, base_offset, chunk_id)
    SELECT e.topic_id, e.partition, e.next_offset, v_new FROM log.ends(ARRAY[v_topic]) e;
    UPDATE log.topics SET chunk_id = v_new WHERE topic_id = v_topic;
    UPDATE log.chunks SET closed_at = clock_timestamp(), bytes = p_bytes WHERE chunk_id = p_chunk;
    RETURN v_new;
END $$;

-- Takes the oldest chunk of a topic out of the log; its table and function are dropped afterwards. False where a group still needs it.
CREATE FUNCTION log.drop_chunk(p_chunk int, p_drop_unconsumed boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_topic int;
    v_next_chunk int;
BEGIN
    SELECT topic_id INTO v_topic FROM log.chunks WHERE chunk_id = p_chunk AND closed_at IS NOT NULL AND dropped_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    SELECT min(chunk_id) INTO STRICT v_next_chunk FROM log.chunks WHERE topic_id = v_topic AND chunk_id > p_chunk AND dropped_at IS NULL;
    IF NOT p_drop_unconsumed AND EXISTS (
        SELECT FROM log.groups g JOIN log.group_partitions gp USING (group_id)
            JOIN log.chunk_bases b ON b.topic_id = g.topic_id AND b.partition = gp.partition AND b.chunk_id = v_next_chunk
            JOIN log.partitions p ON p.topic_id = g.topic_id AND p.partition = gp.partition
        WHERE g.topic_id = v_topic AND greatest(gp.committed_offset, p.start_offset) < b.base_offset) THEN
        RETURN false;
    END IF;
    UPDATE log.partitions p SET start_offset = b.base_offset FROM log.chunk_bases b
    WHERE b.chunk_id = v_next_chunk AND p.topic_id = v_topic AND p.partition = b.partition;
    DELETE FROM log.chunk_bases WHERE chunk_id = p_chunk;
    UPDATE log.chunks SET dropped_at = clock_timestamp() WHERE chunk_id = p_chunk;
    RETURN true;
END $$;

-- Consumer groups.

CREATE TABLE log.groups (
    group_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id int NOT NULL REFERENCES log.topics,
    name text NOT NULL,
    UNIQUE (topic_id, name)
);

CREATE TABLE log.members (
    member_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id int NOT NULL REFERENCES log.groups,
    client text NOT NULL,
    session_ms int NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE INDEX ON log.members (group_id);

-- The epoch grows with each change of hands; a member commits only in the epoch in which it holds the partition.
CREATE TABLE log.group_partitions (
    group_id int NOT NULL REFERENCES log.groups,
    partition int NOT NULL,
    committed_offset bigint,
    member_id bigint,
    epoch bigint NOT NULL DEFAULT 0,
    release_wanted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (group_id, partition)
) WITH (fillfactor = 50);

CREATE FUNCTION log.ensure_group(p_topic int, p_name text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    v_group int;
BEGIN
    SELECT group_id INTO v_group FROM log.groups WHERE topic_id = p_topic AND name = p_name;
    IF FOUND THEN
        RETURN v_group;
    END IF;
    INSERT INTO log.groups (topic_id, name) VALUES (p_topic, p_name) ON CONFLICT DO NOTHING RETURNING group_id INTO v_group;
    IF v_group IS NULL THEN
        SELECT group_id INTO v_group FROM log.groups WHERE topic_id = p_topic AND name = p_name;
        RETURN v_group;
    END IF;
    INSERT INTO log.group_partitions (group_id, partition)
    SELECT v_group, p FROM log.topics t, generate_series(0, t.partitions - 1) p WHERE t.topic_id = p_topic;
    RETURN v_group;
END $$;

-- Drops members whose session is over and shares the partitions out: every member keeps what it has up to its fair share, is asked to release
-- what is above it, and takes free partitions while it is below. A partition has a new holder only after the old one released it or is gone.
-- The caller holds the lock of the group's row.
CREATE FUNCTION log.rebalance(p_group int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_members int;
    v_partitions int;
    v_changed boolean := false;
    v_rank int := 0;
    v_share int;
    v_holder record;
    v_free int;
BEGIN
    DELETE FROM log.members WHERE group_id = p_group AND seen_at + session_ms * interval '1 ms' < clock_timestamp();

    UPDATE log.group_partitions g SET member_id = NULL, epoch = epoch + 1, release_wanted = false
    WHERE group_id = p_group AND member_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM log.members m WHERE m.member_id = g.member_id);
    v_changed := FOUND;

    SELECT count(*) INTO v_members FROM log.members WHERE group_id = p_group;
    SELECT count(*) INTO v_partitions FROM log.group_partitions WHERE group_id = p_group;

    FOR v_holder IN
        SELECT m.member_id, count(g.partition)::int AS held
        FROM log.members m LEFT JOIN log.group_partitions g ON g.group_id = p_group AND g.member_id = m.member_id
        WHERE m.group_id = p_group GROUP BY m.member_id ORDER BY held DESC, m.member_id
    LOOP
        v_share := v_partitions / v_members + CASE WHEN v_rank < v_partitions % v_members THEN 1 ELSE 0 END;
        v_rank := v_rank + 1;

        UPDATE log.group_partitions g SET release_wanted = surplus.wanted
        FROM (SELECT partition, row_number() OVER (ORDER BY release_wanted, partition) > v_share AS wanted
              FROM log.group_partitions WHERE group_id = p_group AND member_id = v_holder.member_id) AS surplus
        WHERE g.group_id = p_group AND g.partition = surplus.partition AND g.release_wanted <> surplus.wanted;
        v_changed := v_changed OR FOUND;

        WHILE v_holder.held < v_share LOOP
            SELECT min(partition) INTO v_free FROM log.group_partitions WHERE group_id = p_group AND member_id IS NULL;
            EXIT WHEN v_free IS NULL;
            UPDATE log.group_partitions SET member_id = v_holder.member_id, epoch = epoch + 1 WHERE group_id = p_group AND partition = v_free;
            v_holder.held := v_holder.held + 1;
            v_changed := true;
        END LOOP;
    END LOOP;

    IF v_changed THEN
        PERFORM pg_notify('log_group', p_group::text);
    END IF;
END $$;

CREATE FUNCTION log.join_group(p_group int, p_client text, p_session_ms int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_member bigint;
BEGIN
    PERFORM 1 FROM log.groups WHERE group_id = p_group FOR NO KEY UPDATE;
    INSERT INTO log.members (group_id, client, session_ms) VALUES (p_group, p_client, p_session_ms) RETURNING member_id INTO v_member;
    PERFORM log.rebalance(p_group);
    RETURN v_member;
END $$;

-- Renews the session, releases partitions where some are given, and looks after members that died. False when the session is over.
CREATE FUNCTION log.heartbeat(p_group int, p_member bigint, p_release int[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_rebalance boolean := cardinality(p_release) > 0
        OR EXISTS (SELECT 1 FROM log.members WHERE group_id = p_group AND seen_at + session_ms * interval '1 ms' < clock_timestamp());
BEGIN
    -- The group before the member, as everywhere, so that nothing deadlocks.
    IF v_rebalance THEN
        PERFORM 1 FROM log.groups WHERE group_id = p_group FOR NO KEY UPDATE;
    END IF;
    UPDATE log.members SET seen_at = clock_timestamp() WHERE member_id = p_member;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF v_rebalance THEN
        UPDATE log.group_partitions SET member_id = NULL, epoch = epoch + 1, release_wanted = false
        WHERE group_id = p_group AND partition = ANY (p_release) AND member_id = p_member;
        PERFORM log.rebalance(p_group);
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION log.leave_group(p_group int, p_member bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM log.groups WHERE group_id = p_group FOR NO KEY UPDATE;
    DELETE FROM log.members WHERE member_id = p_member;
    PERFORM log.rebalance(p_group);
END $$;

CREATE FUNCTION log.commit_offsets(p_group int, p_member bigint, p_partitions int[], p_epochs bigint[], p_offsets bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM log.groups WHERE group_id = p_group FOR NO KEY UPDATE;
    UPDATE log.group_partitions g SET committed_offset = c.next_offset
    FROM unnest(p_partitions, p_epochs, p_offsets) AS c (partition, epoch, next_offset)
    WHERE g.group_id = p_group AND g.partition = c.partition AND g.member_id = p_member AND g.epoch = c.epoch;
END $$;
