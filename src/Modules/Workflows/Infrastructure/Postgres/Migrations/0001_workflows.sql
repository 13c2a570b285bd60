CREATE SCHEMA IF NOT EXISTS workflows;

-- Lock order of all functions here: a workflow's row may be waited for while a run is held, and a run's tasks while the run is held; never the other way around.
-- Ready tasks and queued runs are taken with SKIP LOCKED and so waited for by nobody. A transaction holds one run at most that others can want.

-- The definitions that runs started with.
CREATE TABLE workflows.versions (
    workflow text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    files jsonb NOT NULL,           -- path -> text
    graph jsonb NOT NULL,           -- by ordinal: {"name", "pending": how many tasks it waits for, "next": the ordinals that wait for it}
    max_active_runs int NOT NULL,
    max_parallel_tasks int NOT NULL,
    timeout interval,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workflow, version)
);

CREATE TABLE workflows.workflows (
    name text COLLATE "C" PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    schedule text,                  -- by which slots were considered; another one starts anew
    considered_until timestamptz,   -- slots up to here are decided on
    catching_up boolean NOT NULL DEFAULT false
);

CREATE TABLE workflows.backfills (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow text COLLATE "C" NOT NULL,
    from_date timestamptz NOT NULL,
    to_date timestamptz NOT NULL,
    concurrency int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    cancelled_at timestamptz
);

CREATE INDEX backfills_by_workflow ON workflows.backfills (workflow, id);

CREATE TABLE workflows.runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workflow text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    trigger text NOT NULL CHECK (trigger IN ('schedule', 'manual', 'backfill')),
    logical_date timestamptz NOT NULL,
    slot timestamptz,               -- the logical date where it is a slot of the schedule
    params jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
    stop text CHECK (stop IN ('cancelled', 'timed_out')), -- what it will have been once its tasks have stopped
    attempt int NOT NULL DEFAULT 1, -- one more each time it was run again from the failed task
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at timestamptz,
    ended_at timestamptz,
    deadline timestamptz,
    error text,
    backfill_id bigint,
    traceparent text,
    FOREIGN KEY (workflow, version) REFERENCES workflows.versions
) WITH (fillfactor = 80);

-- A slot never becomes two runs.
CREATE UNIQUE INDEX runs_by_slot ON workflows.runs (workflow, slot) WHERE slot IS NOT NULL;
CREATE INDEX runs_by_workflow ON workflows.runs (workflow, id);
CREATE INDEX runs_queued ON workflows.runs (workflow, id) WHERE state = 'queued' AND backfill_id IS NULL;
CREATE INDEX runs_running ON workflows.runs (workflow) WHERE state = 'running';
CREATE INDEX runs_of_backfill ON workflows.runs (backfill_id, state, id) WHERE backfill_id IS NOT NULL;
CREATE INDEX runs_by_deadline ON workflows.runs (deadline) WHERE state = 'running' AND stop IS NULL AND deadline IS NOT NULL;
CREATE INDEX runs_by_end ON workflows.runs (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE workflows.tasks (
    run_id bigint NOT NULL REFERENCES workflows.runs ON DELETE CASCADE,
    ordinal int NOT NULL,
    name text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'ready', 'running', 'retrying', 'succeeded', 'failed', 'skipped', 'upstream_failed', 'cancelled')),
    pending int NOT NULL,           -- tasks that it still waits for
    next int[] NOT NULL,
    try int NOT NULL DEFAULT 0,     -- the number of the newest try
    failures int NOT NULL DEFAULT 0, -- tries of this attempt that failed for a reason that may pass
    lost int NOT NULL DEFAULT 0,    -- tries of this attempt whose worker was not heard of any more
    not_before timestamptz,
    owner text,
    lease_until timestamptz,
    rows_read bigint NOT NULL DEFAULT 0,
    rows_written bigint NOT NULL DEFAULT 0,
    bytes_written bigint NOT NULL DEFAULT 0,
    output jsonb,
    output_text text,               -- the output as people read it, without secrets
    error text,
    started_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (run_id, ordinal)
) WITH (fillfactor = 70);

CREATE INDEX tasks_ready ON workflows.tasks (run_id, ordinal) WHERE state = 'ready';
CREATE INDEX tasks_running ON workflows.tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_retrying ON workflows.tasks (not_before) WHERE state = 'retrying';

-- Tries that have ended; the one that goes on is in the task.
CREATE TABLE workflows.tries (
    run_id bigint NOT NULL,
    ordinal int NOT NULL,
    try int NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('succeeded', 'skipped', 'failed', 'retrying', 'cancelled', 'lost', 'released')),
    owner text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    error text,
    PRIMARY KEY (run_id, ordinal, try)
);

CREATE TABLE workflows.logs (
    run_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    ordinal int NOT NULL,
    try int NOT NULL,
    at timestamptz NOT NULL,
    warning boolean NOT NULL,
    line text NOT NULL,
    PRIMARY KEY (run_id, id)
);

-- Where the tasks of a workflow were when they last ended well.
CREATE TABLE workflows.cursors (
    workflow text COLLATE "C" NOT NULL,
    task text COLLATE "C" NOT NULL,
    cursor jsonb NOT NULL,
    run_id bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (workflow, task)
) WITH (fillfactor = 50);

-- Makes tasks ready that wait for nothing, as far as the run's limit allows; under the run's lock. Returns how many.
CREATE FUNCTION workflows.advance(p_run bigint) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    free int;
    made int;
BEGIN
    SELECT v.max_parallel_tasks - (SELECT count(*) FROM workflows.tasks t WHERE t.run_id = p_run AND t.state IN ('ready', 'running'))
    INTO free
    FROM workflows.runs r JOIN workflows.versions v USING (workflow, version) WHERE r.id = p_run;
    IF free <= 0 THEN
        RETURN 0;
    END IF;
    UPDATE workflows.tasks SET state = 'ready', not_before = NULL
    WHERE run_id = p_run AND ordinal = ANY (ARRAY(
        SELECT t.ordinal FROM workflows.tasks t
        WHERE t.run_id = p_run AND (t.state = 'waiting' AND t.pending = 0 OR t.state = 'retrying' AND t.not_before <= clock_timestamp())
        ORDER BY t.ordinal LIMIT free));
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END
$$;

-- Lets queued runs of a workflow begin, the oldest first, those of backfills after all others. Returns how many tasks became ready.
CREATE FUNCTION workflows.admit(p_workflow text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    active int;
    queued record;
    made int := 0;
BEGIN
    PERFORM FROM workflows.workflows w WHERE w.name = p_workflow FOR NO KEY UPDATE;
    SELECT count(*) INTO active FROM workflows.runs r WHERE r.workflow = p_workflow AND r.state = 'running';
    LOOP
        SELECT r.id, r.version INTO queued FROM workflows.runs r
        WHERE r.workflow = p_workflow AND r.state = 'queued' AND r.backfill_id IS NULL
        ORDER BY r.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            SELECT q.id, q.version INTO queued
            FROM workflows.backfills b
            CROSS JOIN LATERAL (
                SELECT r.id, r.version FROM workflows.runs r WHERE r.backfill_id = b.id AND r.state = 'queued'
                ORDER BY r.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) q
            WHERE b.workflow = p_workflow
                AND b.concurrency > (SELECT count(*) FROM workflows.runs r WHERE r.backfill_id = b.id AND r.state = 'running')
            ORDER BY b.id LIMIT 1;
        END IF;
        EXIT WHEN NOT FOUND;
        EXIT WHEN active >= (SELECT v.max_active_runs FROM workflows.versions v WHERE v.workflow = p_workflow AND v.version = queued.version);
        UPDATE workflows.runs r
        SET state = 'running', started_at = coalesce(r.started_at, clock_timestamp()), deadline = clock_timestamp() + v.timeout
        FROM workflows.versions v WHERE r.id = queued.id AND v.workflow = r.workflow AND v.version = r.version;
        made := made + workflows.advance(queued.id);
        active := active + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Makes runs of one version, one for each date, and lets begin what may. Dates that are slots and have a run already are passed over.
CREATE FUNCTION workflows.start_runs(
    p_workflow text, p_version text, p_trigger text, p_dates timestamptz[], p_slots boolean, p_params jsonb, p_backfill bigint, p_traceparent text)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint[];
BEGIN
    PERFORM FROM workflows.workflows w WHERE w.name = p_workflow FOR NO KEY UPDATE;
    WITH added AS (
        INSERT INTO workflows.runs (workflow, version, trigger, logical_date, slot, params, state, backfill_id, traceparent)
        SELECT p_workflow, p_version, p_trigger, d.date, CASE WHEN p_slots THEN d.date END, p_params, 'queued', p_backfill, p_traceparent
        FROM unnest(p_dates) WITH ORDINALITY AS d (date, place) ORDER BY d.place
        ON CONFLICT (workflow, slot) WHERE slot IS NOT NULL DO NOTHING
        RETURNING id)
    SELECT array_agg(id ORDER BY id) INTO made FROM added;
    INSERT INTO workflows.tasks (run_id, ordinal, name, state, pending, next)
    SELECT r.id, g.place - 1, g.task ->> 'name', 'waiting', (g.task ->> 'pending')::int, ARRAY(SELECT jsonb_array_elements_text(g.task -> 'next')::int)
    FROM unnest(made) AS r (id), workflows.versions v, jsonb_array_elements(v.graph) WITH ORDINALITY AS g (task, place)
    WHERE v.workflow = p_workflow AND v.version = p_version;
    IF workflows.admit(p_workflow) > 0 THEN
        PERFORM pg_notify('workflows', 'ready');
    END IF;
    RETURN QUERY SELECT unnest(made);
END
$$;

-- After a task has ended: makes others ready, or ends the run and lets the next one begin; under the run's lock. Returns how many tasks became ready and, where
-- the run ended, how.
CREATE FUNCTION workflows.settle(p_run bigint, OUT made int, OUT ended text) LANGUAGE plpgsql AS $$
DECLARE
    tally record;
    run workflows.runs;
BEGIN
    made := 0;
    SELECT * INTO run FROM workflows.runs r WHERE r.id = p_run;
    IF run.stop IS NULL THEN
        made := workflows.advance(p_run);
    END IF;
    IF made > 0 THEN
        RETURN;
    END IF;
    SELECT count(*) FILTER (WHERE t.state IN ('waiting', 'ready', 'running', 'retrying')) AS open,
        count(*) FILTER (WHERE t.state IN ('failed', 'upstream_failed')) AS failed,
        count(*) FILTER (WHERE t.state = 'cancelled') AS cancelled
    INTO tally FROM workflows.tasks t WHERE t.run_id = p_run;
    IF tally.open > 0 THEN
        RETURN;
    END IF;
    ended := CASE WHEN run.stop IS NOT NULL AND tally.cancelled + tally.failed > 0 THEN run.stop WHEN tally.failed > 0 THEN 'failed' ELSE 'succeeded' END;
    UPDATE workflows.runs SET state = ended, stop = NULL, deadline = NULL, ended_at = clock_timestamp(),
        error = CASE ended
            WHEN 'timed_out' THEN 'The run took longer than its timeout.'
            WHEN 'failed' THEN (SELECT t.name || ': ' || t.error FROM workflows.tasks t WHERE t.run_id = p_run AND t.state = 'failed' ORDER BY t.ended_at, t.ordinal LIMIT 1)
        END
    WHERE id = p_run;
    made := workflows.admit(run.workflow);
END
$$;

-- Ends a try, by compare-and-set: where the worker is not the task's any more nothing happens. The outcome is one of workflows.tries. The caller will claim
-- p_claims tasks in the same transaction.
CREATE FUNCTION workflows.finish(
    p_run bigint, p_ordinal int, p_try int, p_owner text, p_outcome text, p_error text, p_delay interval, p_max_lost int,
    p_rows_read bigint, p_rows_written bigint, p_bytes_written bigint, p_output jsonb, p_output_text text, p_cursor jsonb,
    p_log_at timestamptz[], p_log_warning boolean[], p_log_line text[], p_claims int,
    OUT accepted boolean, OUT made int, OUT task_state text, OUT run_state text, OUT run_started timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    old_run workflows.runs;
    old workflows.tasks;
    finished timestamptz;
BEGIN
    accepted := false;
    made := 0;
    SELECT * INTO old_run FROM workflows.runs r WHERE r.id = p_run FOR NO KEY UPDATE;
    SELECT * INTO old FROM workflows.tasks t
    WHERE t.run_id = p_run AND t.ordinal = p_ordinal AND t.state = 'running' AND t.try = p_try AND t.owner = p_owner FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- The sweep that finds a lease over may be late: the worker was heard of again.
    finished := clock_timestamp();
    IF p_outcome = 'lost' AND old.lease_until >= finished THEN
        RETURN;
    END IF;
    accepted := true;
    task_state := CASE
        WHEN p_outcome IN ('succeeded', 'skipped', 'failed') THEN p_outcome
        WHEN old_run.stop IS NOT NULL THEN 'cancelled'
        WHEN p_outcome = 'lost' AND old.lost + 1 >= p_max_lost THEN 'failed'
        WHEN p_outcome = 'retrying' THEN 'retrying'
        ELSE 'ready' END;
    INSERT INTO workflows.tries (run_id, ordinal, try, outcome, owner, started_at, ended_at, error)
    VALUES (p_run, p_ordinal, p_try, p_outcome, p_owner, old.started_at, finished, p_error);
    UPDATE workflows.tasks SET
        state = task_state,
        owner = NULL,
        lease_until = NULL,
        failures = failures + CASE WHEN p_outcome = 'retrying' THEN 1 ELSE 0 END,
        lost = lost + CASE WHEN p_outcome = 'lost' THEN 1 ELSE 0 END,
        not_before = CASE WHEN task_state = 'retrying' THEN finished + p_delay END,
        rows_read = coalesce(p_rows_read, rows_read),
        rows_written = coalesce(p_rows_written, rows_written),
        bytes_written = coalesce(p_bytes_written, bytes_written),
        output = p_output,
        output_text = p_output_text,
        error = p_error,
        ended_at = CASE WHEN task_state NOT IN ('ready', 'retrying') THEN finished END
    WHERE run_id = p_run AND ordinal = p_ordinal;
    IF p_cursor IS NOT NULL THEN
        -- Of two runs of a workflow that go at once, the later one knows more.
        INSERT INTO workflows.cursors AS c (workflow, task, cursor, run_id, updated_at) VALUES (old_run.workflow, old.name, p_cursor, p_run, finished)
        ON CONFLICT (workflow, task) DO UPDATE SET cursor = excluded.cursor, run_id = excluded.run_id, updated_at = excluded.updated_at WHERE c.run_id <= excluded.run_id;
    END IF;
    IF cardinality(p_log_line) > 0 THEN
        INSERT INTO workflows.logs (run_id, ordinal, try, at, warning, line)
        SELECT p_run, p_ordinal, p_try, l.at, l.warning, l.line FROM unnest(p_log_at, p_log_warning, p_log_line) WITH ORDINALITY AS l (at, warning, line, place) ORDER BY l.place;
    END IF;
    IF task_state IN ('succeeded', 'skipped') THEN
        IF cardinality(old.next) > 0 THEN
            UPDATE workflows.tasks SET pending = pending - 1 WHERE run_id = p_run AND ordinal = ANY (old.next);
        END IF;
    ELSIF task_state = 'failed' THEN
        WITH RECURSIVE later AS (
            SELECT unnest(old.next) AS ordinal
            UNION
            SELECT unnest(t.next) FROM later JOIN workflows.tasks t ON t.run_id = p_run AND t.ordinal = later.ordinal)
        UPDATE workflows.tasks t SET state = 'upstream_failed', ended_at = finished
        FROM later WHERE t.run_id = p_run AND t.ordinal = later.ordinal AND t.state = 'waiting';
    END IF;
    IF task_state = 'ready' THEN
        made := 1;
    ELSE
        SELECT s.made, s.ended INTO made, run_state FROM workflows.settle(p_run) s;
    END IF;
    run_started := old_run.started_at;
    -- The caller takes tasks of this run first: whoever else may take one must hear of it.
    IF made > 0 AND (run_state IS NOT NULL OR p_claims < (SELECT count(*) FROM workflows.tasks t WHERE t.run_id = p_run AND t.state = 'ready')) THEN
        PERFORM pg_notify('workflows', 'ready');
    END IF;
END
$$;

-- Takes ready tasks: first those of one run, then those of the oldest runs.
CREATE FUNCTION workflows.claim(p_owner text, p_lease interval, p_count int, p_run bigint)
RETURNS TABLE (
    run_id bigint, ordinal int, name text, try int, failures int, workflow text, version text, logical_date timestamptz, params jsonb, traceparent text,
    cursor jsonb, outputs jsonb)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    runs bigint[];
    ordinals int[];
    more_runs bigint[];
    more_ordinals int[];
BEGIN
    IF p_run IS NOT NULL THEN
        SELECT array_agg(k.run_id), array_agg(k.ordinal) INTO runs, ordinals FROM (
            SELECT t.run_id, t.ordinal FROM workflows.tasks t WHERE t.state = 'ready' AND t.run_id = p_run
            ORDER BY t.ordinal LIMIT p_count FOR NO KEY UPDATE SKIP LOCKED) k;
    END IF;
    IF coalesce(cardinality(runs), 0) < p_count THEN
        SELECT array_agg(k.run_id), array_agg(k.ordinal) INTO more_runs, more_ordinals FROM (
            SELECT t.run_id, t.ordinal FROM workflows.tasks t WHERE t.state = 'ready' AND t.run_id IS DISTINCT FROM p_run
            ORDER BY t.run_id, t.ordinal LIMIT p_count - coalesce(cardinality(runs), 0) FOR NO KEY UPDATE SKIP LOCKED) k;
        runs := runs || more_runs;
        ordinals := ordinals || more_ordinals;
    END IF;
    IF runs IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH claimed AS (
        UPDATE workflows.tasks t SET
            state = 'running', try = t.try + 1, owner = p_owner, lease_until = clock_timestamp() + p_lease, started_at = clock_timestamp(), ended_at = NULL,
            error = NULL, rows_read = 0, rows_written = 0, bytes_written = 0
        FROM unnest(runs, ordinals) AS k (run_id, ordinal)
        WHERE t.run_id = k.run_id AND t.ordinal = k.ordinal
        RETURNING t.run_id, t.ordinal, t.name, t.try, t.failures)
    SELECT c.run_id, c.ordinal, c.name, c.try, c.failures, r.workflow, r.version, r.logical_date, r.params, r.traceparent,
        (SELECT k.cursor FROM workflows.cursors k WHERE k.workflow = r.workflow AND k.task = c.name),
        (SELECT jsonb_object_agg(o.name, o.output) FROM workflows.tasks o WHERE o.run_id = c.run_id AND o.output IS NOT NULL)
    FROM claimed c JOIN workflows.runs r ON r.id = c.run_id
    ORDER BY c.run_id, c.ordinal;
END
$$;

-- Makes tasks of a run ready whose pause before the next try is over.
CREATE FUNCTION workflows.wake_run(p_run bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM workflows.runs r WHERE r.id = p_run AND r.state = 'running' AND r.stop IS NULL FOR NO KEY UPDATE;
    IF FOUND AND workflows.advance(p_run) > 0 THEN
        PERFORM pg_notify('workflows', 'ready');
    END IF;
END
$$;

-- Ends a run early: what has not begun never will, what runs is told to stop. Returns the state before, null where there is no such run, and how it ended where it did.
CREATE FUNCTION workflows.stop_run(p_run bigint, p_stop text, OUT before text, OUT run_state text, OUT run_started timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    run workflows.runs;
    settled record;
BEGIN
    SELECT * INTO run FROM workflows.runs r WHERE r.id = p_run FOR NO KEY UPDATE;
    before := run.state;
    run_started := run.started_at;
    IF run.state IS NULL OR run.state NOT IN ('queued', 'running') OR run.stop IS NOT NULL
        OR p_stop = 'timed_out' AND (run.deadline IS NULL OR run.deadline > clock_timestamp()) THEN
        RETURN;
    END IF;
    UPDATE workflows.runs SET stop = p_stop WHERE id = p_run;
    UPDATE workflows.tasks SET state = 'cancelled', not_before = NULL, ended_at = clock_timestamp()
    WHERE run_id = p_run AND state IN ('waiting', 'ready', 'retrying');
    SELECT * INTO settled FROM workflows.settle(p_run);
    run_state := settled.ended;
    PERFORM pg_notify('workflows', 'stop ' || p_run);
    IF settled.made > 0 THEN
        PERFORM pg_notify('workflows', 'ready');
    END IF;
END
$$;

-- Runs what failed, was cancelled or was never reached once more. Returns the state before, null where there is no such run.
CREATE FUNCTION workflows.retry_run(p_run bigint, OUT before text) LANGUAGE plpgsql AS $$
DECLARE
    run workflows.runs;
BEGIN
    SELECT * INTO run FROM workflows.runs r WHERE r.id = p_run FOR NO KEY UPDATE;
    before := run.state;
    IF run.state IS NULL OR run.state NOT IN ('failed', 'cancelled', 'timed_out') THEN
        RETURN;
    END IF;
    UPDATE workflows.tasks t SET
        state = 'waiting', failures = 0, lost = 0, error = NULL, started_at = NULL, ended_at = NULL, output = NULL, output_text = NULL,
        rows_read = 0, rows_written = 0, bytes_written = 0,
        pending = (SELECT count(*) FROM workflows.tasks d WHERE d.run_id = p_run AND t.ordinal = ANY (d.next) AND d.state NOT IN ('succeeded', 'skipped'))
    WHERE t.run_id = p_run AND t.state IN ('failed', 'upstream_failed', 'cancelled');
    UPDATE workflows.runs SET state = 'queued', attempt = attempt + 1, error = NULL, ended_at = NULL, deadline = NULL WHERE id = p_run;
    IF workflows.admit(run.workflow) > 0 THEN
        PERFORM pg_notify('workflows', 'ready');
    END IF;
END
$$;
