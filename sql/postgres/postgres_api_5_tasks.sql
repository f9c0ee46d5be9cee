-- Tasks: creating, listing and moving.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Records who made the change that a trigger has just recorded.
CREATE OR REPLACE FUNCTION sign_last_event(of_task text, actor text, instance text, note text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_events e SET actor = sign_last_event.actor, instance = sign_last_event.instance, note = sign_last_event.note
  WHERE e.seq = (SELECT max(seq) FROM task_events WHERE task_id = of_task);
END
$$;

-- Creates a task. With an id that the agent has used, or its key, nothing is created, and the task that was is returned.
CREATE OR REPLACE FUNCTION create_task(
  creator text, assignee text, title text, description text DEFAULT '', idempotency_key text DEFAULT NULL, task_id text DEFAULT NULL,
  presence double precision DEFAULT 30, viewer jsonb DEFAULT '{}'
) RETURNS TABLE (
  id text, created_at text, status text, is_new boolean, earlier_recipient text, earlier_title text, earlier_description text,
  processes text[], unread_messages bigint, unread_tasks bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(create_task.creator);
  wanted text := COALESCE(create_task.task_id, gen_random_uuid()::text);
  earlier text;
BEGIN
  PERFORM check_name('creator', me);
  IF char_length(create_task.title) > 200 THEN
    PERFORM refuse('CW400', format('title has %s characters, and 1 to 200 are allowed', char_length(create_task.title)));
  END IF;
  PERFORM check_size('title', COALESCE(create_task.title, ''), 1, 800), check_size('description', create_task.description, 0, 262144),
    check_size('idempotency_key', create_task.idempotency_key, 1, 200), check_size('task_id', wanted, 1, 200);
  is_new := false;
  IF create_task.idempotency_key IS NOT NULL THEN
    SELECT d.task_id, t.id, t.created_at, t.status, t.recipient, t.title, t.description
      INTO earlier, create_task.id, create_task.created_at, create_task.status, earlier_recipient, earlier_title, earlier_description
      FROM task_details d LEFT JOIN tasks t ON t.id = d.task_id
      WHERE d.sender = me AND d.idempotency_key = create_task.idempotency_key;
    IF earlier IS NOT NULL AND create_task.id IS NULL THEN
      -- The task was removed by hand, and its key is free again.
      DELETE FROM task_details d WHERE d.task_id = earlier;
    END IF;
  END IF;
  IF create_task.id IS NULL THEN
    PERFORM require_agent(create_task.assignee);
    INSERT INTO tasks AS t (id, sender, recipient, title, description, status)
      SELECT wanted, me, create_task.assignee, create_task.title, create_task.description, 'pending'
      WHERE NOT EXISTS (SELECT 1 FROM tasks x WHERE lower(x.id) = lower(wanted))
      ON CONFLICT (id) DO NOTHING RETURNING t.id, t.created_at, t.status INTO create_task.id, create_task.created_at, create_task.status;
    is_new := create_task.id IS NOT NULL;
    IF is_new THEN
      -- A trigger has made the details and the first event.
      UPDATE tasks t SET updated_at = create_task.created_at WHERE t.id = wanted;
      UPDATE task_details d SET sender = me, idempotency_key = create_task.idempotency_key WHERE d.task_id = wanted;
      PERFORM sign_last_event(wanted, me, NULL, NULL);
    ELSE
      SELECT t.id, t.created_at, t.status, t.recipient, t.title, t.description
        INTO create_task.id, create_task.created_at, create_task.status, earlier_recipient, earlier_title, earlier_description
        FROM tasks t WHERE t.id = wanted AND t.sender = me;
      IF create_task.id IS NULL THEN PERFORM refuse('CW409', format('another task has the id "%s" already', wanted)); END IF;
    END IF;
  END IF;
  IF NOT is_new THEN PERFORM wait_for_earlier_commits(); END IF;
  processes := processes_of(create_task.assignee, presence);
  BEGIN
    -- What is unread is not counted while somebody keeps messages locked, which the task does not need.
    LOCK TABLE messages IN ACCESS SHARE MODE NOWAIT;
    SELECT u.messages, u.tasks INTO unread_messages, unread_tasks FROM unread(me, viewer) AS u;
  EXCEPTION WHEN lock_not_available THEN NULL;
  END;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION create_task IS
  'Delegates a task, and says what waits for its creator. Example: SELECT create_task(''code'', ''cowork'', ''Look'', ''At the page'')';

-- A task as it is, for whoever decides about it, with a version that tells whether it has changed since.
CREATE OR REPLACE FUNCTION task_state(agent text, task_id text, instance text)
RETURNS TABLE (task task_records, version text, was_holder boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  wanted text := id_of_task(acting_agent(agent), task_state.task_id);
BEGIN
  RETURN QUERY SELECT r, version_of(wanted), COALESCE((
      SELECT max(e.seq) FILTER (WHERE e.instance = task_state.instance) < max(e.seq) FILTER (WHERE e.instance <> task_state.instance)
      FROM (SELECT * FROM task_events n WHERE n.task_id = wanted ORDER BY n.seq DESC LIMIT 100) AS e WHERE e.to_status = 'in_progress'), false)
    FROM task_records r WHERE r.id = wanted;
END
$$;
COMMENT ON FUNCTION task_state IS 'For programs: a task as it is, and its version for change_task.';

CREATE OR REPLACE FUNCTION version_of(wanted text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (SELECT t.xmin || ' ' || COALESCE(d.xmin::text, '') FROM tasks t LEFT JOIN task_details d ON d.task_id = t.id WHERE t.id = wanted);
END
$$;

-- Writes what was decided about a task, if it is still the one that the decision was made about; else returns nothing. Whatever was decided:
-- an ended task stays ended, only the assignee claims and completes a task, each side clears its own news only, each change is signed, and
-- nobody but the holder moves a task whose holder is at work, unless claim says so: keep, take, release, take_over, release_over.
CREATE OR REPLACE FUNCTION change_task(
  agent text, task_id text, version text, status text, result text, claim text, instance text, session text, process text,
  seconds double precision,
  has_event boolean, from_status text, to_status text, note text, assignee_news boolean, creator_news boolean, wakes text[],
  is_repeated boolean
) RETURNS SETOF task_records
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(agent);
  present tasks;
  claimed task_details;
  displaces boolean := claim IN ('take_over', 'release_over');
BEGIN
  PERFORM check_size('result', change_task.result, 0, 262144), check_size('note', change_task.note, 0, 263168),
    check_size('instance', change_task.instance, 0, 400), check_size('process', change_task.process, 0, 400);
  SELECT * INTO present FROM tasks t WHERE t.id = change_task.task_id AND (t.sender = me OR t.recipient = me) FOR UPDATE;
  SELECT * INTO claimed FROM task_details d WHERE d.task_id = change_task.task_id FOR UPDATE;
  claim := replace(claim, '_over', '');
  IF present.id IS NULL OR version_of(present.id) IS DISTINCT FROM change_task.version THEN RETURN; END IF;
  IF num_nulls(claim, change_task.instance, has_event, is_repeated) > 0 OR claim NOT IN ('keep', 'take', 'release')
    OR change_task.status IS NOT NULL AND (present.status IN ('completed', 'failed')
      OR change_task.status NOT IN ('in_progress', 'completed', 'failed')
      OR (present.recipient IS DISTINCT FROM me AND change_task.status <> 'failed'))
    OR (present.recipient IS DISTINCT FROM me AND (claim = 'take' OR NOT change_task.assignee_news))
    OR (present.sender IS DISTINCT FROM me AND NOT change_task.creator_news)
    OR (claim = 'release' AND change_task.status IS NULL)
    OR (present.recipient = me AND present.status = 'in_progress' AND claimed.holder <> change_task.instance
      AND claimed.holder_session IS DISTINCT FROM COALESCE(change_task.session, '') AND NOT displaces
      AND (change_task.status IS NOT NULL OR claim <> 'keep')
      AND claimed.held_until BETWEEN clock_timestamp() AND clock_timestamp() + interval '11 minutes')
    OR (has_event AND change_task.to_status IS DISTINCT FROM COALESCE(change_task.status, present.status))
    -- Whatever is changed is signed.
    OR (change_task.status IS NOT NULL AND NOT has_event)
  THEN
    PERFORM refuse('CW403', format('"%s" may not change the task %s in this way', me, present.id));
  END IF;
  PERFORM adopt_tasks(ARRAY[present.seq]);
  IF change_task.status IS NOT NULL THEN
    UPDATE tasks t SET status = change_task.status, result = COALESCE(change_task.result, t.result),
      updated_at = to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') WHERE t.id = present.id;
  END IF;
  IF has_event AND change_task.to_status IS DISTINCT FROM present.status THEN
    -- A trigger has recorded the change, and woken both sides.
    PERFORM sign_last_event(present.id, me, change_task.instance, change_task.note);
  ELSIF has_event THEN
    INSERT INTO task_events (task_id, actor, instance, from_status, to_status, note)
      SELECT present.id, me, change_task.instance, present.status, change_task.to_status, change_task.note
      WHERE NOT (is_repeated AND EXISTS (SELECT 1 FROM task_events e
        WHERE e.task_id = present.id AND e.instance = change_task.instance AND e.note = change_task.note));
    PERFORM pg_notify(channel_of(workspace(), side), 'tasks') FROM unnest(wakes) AS side WHERE side IN (present.sender, present.recipient);
  END IF;
  UPDATE task_details d SET
    assignee_news = COALESCE(change_task.assignee_news::integer, d.assignee_news),
    creator_news = COALESCE(change_task.creator_news::integer, d.creator_news),
    holder = CASE claim WHEN 'take' THEN change_task.instance WHEN 'release' THEN NULL ELSE d.holder END,
    holder_session = CASE claim WHEN 'take' THEN change_task.session ELSE d.holder_session END,
    holder_process = CASE claim WHEN 'take' THEN change_task.process WHEN 'release' THEN NULL ELSE d.holder_process END,
    held_until = CASE claim WHEN 'take' THEN clock_timestamp() + least(seconds, 600) * interval '1 second' WHEN 'release' THEN NULL
      ELSE d.held_until END
    WHERE d.task_id = present.id;
  RETURN QUERY SELECT * FROM task_records r WHERE r.id = present.id;
END
$$;
COMMENT ON FUNCTION change_task IS 'For programs: writes what was decided about a task.';

-- The rows of a list of the tasks that satisfy a condition on me, $1: open tasks after a row, the oldest first, and then ended ones before a
-- row, the newest first. NULL leaves a part out. remaining has these, and up to 1000 others.
CREATE OR REPLACE FUNCTION listed_tasks(
  me text, condition text, of_status text, after_open bigint, before_ended bigint, most bigint, OUT task_rows bigint[], OUT remaining bigint
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  ended bigint[];
BEGIN
  -- Few are open, and of everybody's the index of all tasks would have them in order.
  condition := condition || ' AND ($2 IS NULL OR t.status = $2)';
  EXECUTE format('SELECT ARRAY(SELECT t.seq FROM tasks t WHERE t.status IS DISTINCT FROM ''completed'' AND t.status IS DISTINCT FROM ''failed''
    AND t.seq > $3 AND %s ORDER BY t.seq %s LIMIT $4)', condition, CASE WHEN me IS NULL THEN '+ 0' END) INTO task_rows USING me, of_status, after_open, most;
  EXECUTE format('SELECT ARRAY(SELECT t.seq FROM tasks t WHERE t.status IN (''completed'', ''failed'') AND t.seq < $3
    AND %s ORDER BY t.seq DESC LIMIT $4)', condition) INTO ended USING me, of_status, before_ended, most - cardinality(task_rows);
  EXECUTE format('SELECT count(*) FROM (SELECT FROM tasks t
    WHERE CASE WHEN t.status IN (''completed'', ''failed'') THEN t.seq < $4 ELSE t.seq > $3 END AND %s LIMIT $5) AS counted', condition)
    INTO remaining USING me, of_status, after_open, before_ended, 1000 + most;
  task_rows := task_rows || ended;
END
$$;

-- The tasks of an agent, or everybody's, as many as fit into so many characters. With a lease, their news counts as told once it is confirmed.
-- Whether a task is news is NULL, and nothing is leased, while the caller has not said of sessions on its host whether they run: unread names them.
CREATE OR REPLACE FUNCTION tasks(
  agent text, role text DEFAULT 'assignee', of_status text DEFAULT NULL, after_open bigint DEFAULT 0,
  before_ended bigint DEFAULT 9223372036854775807, most bigint DEFAULT 50, characters bigint DEFAULT 34000, lease text DEFAULT NULL,
  instance text DEFAULT NULL, process text DEFAULT '', seconds double precision DEFAULT 60, viewer jsonb DEFAULT '{}'
) RETURNS TABLE (task task_records, remaining bigint, is_news boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
  task_rows bigint[];
  news bigint[] := '{}';
  is_known boolean := lease IS NULL OR sessions_to_check(me, process, viewer) = '{}';
BEGIN
  SELECT l.task_rows, l.remaining INTO task_rows, remaining
    FROM listed_tasks(me, CASE WHEN me IS NULL THEN 'true' WHEN agent IS NULL THEN '(t.sender = $1 OR t.recipient = $1)'
      WHEN role = 'creator' THEN 't.sender = $1' ELSE 't.recipient = $1' END, of_status, after_open, before_ended, most) AS l;
  task_rows := fitting_tasks(task_rows, characters, true);
  remaining := least(remaining - cardinality(task_rows), 1000);
  IF lease IS NOT NULL AND is_known THEN news := lock_news(me, task_rows, viewer); END IF;
  RETURN QUERY SELECT r, tasks.remaining, CASE WHEN is_known THEN r.seq = ANY (news) END
    FROM task_records r WHERE r.seq = ANY (task_rows) ORDER BY array_position(task_rows, r.seq);
  IF news <> '{}' THEN PERFORM lease_rows(me, lease, instance, process, seconds, '{}', news, viewer); END IF;
END
$$;
COMMENT ON FUNCTION tasks IS 'The tasks of an agent: the open ones, then the newest that have ended. Example: SELECT (task).* FROM tasks(''cowork'')';

-- One task, and of its history what a reply can hold: the newest events, with long notes cut. All of it without a limit. A lease as for tasks.
CREATE OR REPLACE FUNCTION task(
  agent text, wanted text, characters bigint DEFAULT NULL, lease text DEFAULT NULL, instance text DEFAULT NULL, process text DEFAULT '',
  seconds double precision DEFAULT 60, viewer jsonb DEFAULT '{}'
) RETURNS TABLE (task task_records, is_news boolean, at text, actor text, from_status text, to_status text, note text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(agent);
  found_id text := id_of_task(me, wanted);
  news bigint[] := '{}';
  is_known boolean := lease IS NULL OR sessions_to_check(me, process, viewer) = '{}';
BEGIN
  IF lease IS NOT NULL AND is_known THEN news := lock_news(me, ARRAY(SELECT t.seq FROM tasks t WHERE t.id = found_id), viewer); END IF;
  IF characters IS NULL THEN
    RETURN QUERY SELECT ROW (w.*)::task_records, CASE WHEN is_known THEN news <> '{}' END, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text
      FROM whole_tasks w WHERE w.id = found_id;
  ELSE
    RETURN QUERY SELECT r, CASE WHEN is_known THEN news <> '{}' END, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text FROM task_records r WHERE r.id = found_id;
  END IF;
  RETURN QUERY SELECT NULL::task_records, NULL::boolean, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      e.actor, e.from_status, e.to_status, e.note
    FROM (
      SELECT n.seq, n.at, n.actor, n.from_status, n.to_status, CASE WHEN characters IS NULL THEN n.note ELSE left(n.note, (characters / 2)::integer) END AS note,
        sum(100 + least(COALESCE(octet_length(n.note), 0), 100)) OVER (ORDER BY n.seq DESC) AS total
      FROM (SELECT * FROM task_events x WHERE x.task_id = found_id ORDER BY x.seq DESC LIMIT characters / 100) AS n
    ) AS e WHERE characters IS NULL OR e.total <= characters + 200 ORDER BY e.seq;
  IF news <> '{}' THEN PERFORM lease_rows(me, lease, instance, process, seconds, '{}', news, viewer); END IF;
END
$$;
COMMENT ON FUNCTION task IS 'A task of an agent, and its history. Example: SELECT * FROM task(''cowork'', ''the id'')';
