-- A lease holds what was taken until its reply has left the process. Taking waits for the disk, so that what comes twice after a crash of
-- the server is marked as redelivered; what only ends or extends a lease does not.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Ends leases: what they held is unread again. The triggers wake the recipients of messages; news of tasks wake their agent here.
CREATE OR REPLACE FUNCTION end_leases(wanted text[], is_redelivered boolean) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  ended text[];
  agent_names text[];
  awaited boolean := EXISTS (SELECT 1 FROM lease_items WHERE lease = ANY (wanted) AND kind = 'reply');
BEGIN
  WITH gone AS (DELETE FROM leases WHERE id = ANY (wanted) RETURNING id, agent)
    SELECT array_agg(id), array_agg(DISTINCT agent) INTO ended, agent_names FROM gone;
  IF ended IS NULL THEN RETURN 0; END IF;
  IF awaited THEN
    -- A reply that came is no longer kept for the call.
    PERFORM pg_notify(channel_of(workspace(), name), 'messages') FROM unnest(agent_names) AS name;
  END IF;
  WITH items AS (
    DELETE FROM lease_items WHERE lease = ANY (ended) RETURNING kind, seq
  ), unread AS (
    UPDATE messages m SET read = 0 FROM items WHERE m.seq = items.seq AND items.kind = 'message' RETURNING m.id
  ), marked AS (
    INSERT INTO message_details AS d (message_id, redelivered, expiries) SELECT id, 1, 1 FROM unread WHERE is_redelivered AND id IS NOT NULL
    ON CONFLICT (message_id) DO UPDATE SET redelivered = 1, expiries = d.expiries + 1, read_at = NULL
  ), sides AS (
    SELECT t.id, max((kind = 'assignee')::integer) AS assignee, max((kind = 'creator')::integer) AS creator
    FROM items JOIN tasks t USING (seq) WHERE kind IN ('assignee', 'creator') GROUP BY t.id
  )
  UPDATE task_details d
    SET assignee_news = greatest(d.assignee_news, sides.assignee), creator_news = greatest(d.creator_news, sides.creator)
    FROM sides WHERE d.task_id = sides.id;
  IF FOUND THEN
    PERFORM pg_notify(channel_of(workspace(), name), 'tasks') FROM unnest(agent_names) AS name;
  END IF;
  RETURN cardinality(ended);
END
$$;

-- The given agent, or all that hold leases: one plan serves both.
CREATE OR REPLACE FUNCTION lease_holders(of_agent text) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN CASE WHEN of_agent IS NULL THEN ARRAY(SELECT DISTINCT agent FROM leases) ELSE ARRAY[of_agent] END;
END
$$;

-- Ends the expired leases of an agent, or of all agents, and those whose process the caller knows to be dead. None lasts longer than a minute,
-- unless the clock was set back. A lease that somebody else is ending, or whose rows are locked, waits for the next call.
CREATE OR REPLACE FUNCTION end_dead_leases(of_agent text, dead text[]) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  wanted text[] := ARRAY(
    SELECT id FROM leases WHERE agent = ANY (lease_holders(of_agent))
      AND (id = ANY (dead) OR expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute')
    FOR UPDATE SKIP LOCKED);
BEGIN
  IF wanted = '{}' THEN RETURN 0; END IF;
  RETURN end_leases(wanted, true);
EXCEPTION WHEN lock_not_available THEN
  RETURN 0;
END
$$;

-- The leases, with their processes, of which only a process on the same host can tell whether they are dead.
CREATE OR REPLACE FUNCTION leases_to_check(of_agent text, process text, checked text[]) RETURNS text[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN ARRAY(
    SELECT l.id || ' ' || l.process FROM leases l
    WHERE l.agent = ANY (lease_holders(of_agent)) AND l.process <> leases_to_check.process
      AND starts_with(l.process, split_part(leases_to_check.process, '|', 1) || '|') AND l.id <> ALL (checked));
END
$$;

-- Ends the dead leases of one agent, and names those to check. It seldom has any when it looks for news.
CREATE OR REPLACE FUNCTION check_leases(of_agent text, process text, dead text[], alive text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM leases WHERE agent = of_agent) THEN RETURN '{}'; END IF;
  PERFORM end_dead_leases(of_agent, dead);
  RETURN leases_to_check(of_agent, process, alive);
END
$$;

-- Tells of a task whose status was changed while no trigger ran, as a trigger would have. known is the status that its history ends with.
CREATE OR REPLACE FUNCTION tell_change(changed tasks, known text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET creator_news = 1,
    assignee_news = CASE WHEN changed.status IN ('completed', 'failed') THEN 1 ELSE d.assignee_news END WHERE d.task_id = changed.id;
  INSERT INTO task_events (task_id, from_status, to_status) VALUES (changed.id, known, changed.status);
  PERFORM pg_notify(channel_of(workspace(), agent), 'tasks')
    FROM (SELECT DISTINCT agent FROM unnest(ARRAY[changed.sender, changed.recipient]) AS agent WHERE agent IS NOT NULL) AS sides;
END
$$;

-- Tells of changes of open tasks.
CREATE OR REPLACE FUNCTION tell_unheard_changes() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  changed record;
BEGIN
  FOR changed IN
    SELECT t AS task, d.open_status AS known FROM task_details d JOIN tasks t ON t.id = d.task_id
    WHERE d.open_status IS NOT NULL AND d.open_status <> COALESCE(t.status, '') FOR UPDATE SKIP LOCKED
  LOOP
    PERFORM tell_change(changed.task, changed.known);
  END LOOP;
END
$$;

-- Tells of changes of tasks that had ended. No index can find them, so histories are compared: those of the newest 100 tasks that the agent
-- got, of the newest 100 that it created, and of 100 of all tasks from a random one on.
CREATE OR REPLACE FUNCTION tell_changed_ends(of_agent text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  suspect bigint;
  changed record;
BEGIN
  FOR suspect IN
    SELECT s.seq FROM (
      (SELECT t.id, t.seq, t.status FROM tasks t WHERE t.recipient = of_agent ORDER BY t.seq DESC LIMIT 100)
      UNION
      (SELECT t.id, t.seq, t.status FROM tasks t WHERE t.sender = of_agent ORDER BY t.seq DESC LIMIT 100)
      UNION
      (SELECT t.id, t.seq, t.status FROM tasks t
        WHERE t.seq >= (SELECT (min(x.seq) + random() * (max(x.seq) - min(x.seq)))::bigint FROM tasks x) ORDER BY t.seq LIMIT 100)
    ) AS s WHERE COALESCE(s.status, '') <> (SELECT COALESCE(e.to_status, '') FROM task_events e WHERE e.task_id = s.id ORDER BY e.seq DESC LIMIT 1)
  LOOP
    -- Only what is still so once it is locked: another process may have told it meanwhile.
    PERFORM FROM task_details d JOIN tasks t ON t.id = d.task_id WHERE t.seq = suspect AND d.open_status IS NULL
      FOR UPDATE OF d SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    FOR changed IN
      SELECT t AS task, e.to_status AS known FROM tasks t
        CROSS JOIN LATERAL (SELECT n.to_status FROM task_events n WHERE n.task_id = t.id ORDER BY n.seq DESC LIMIT 1) AS e
        WHERE t.seq = suspect AND t.status IS DISTINCT FROM e.to_status
    LOOP
      PERFORM tell_change(changed.task, changed.known);
    END LOOP;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION recover(process text DEFAULT '', dead text[] DEFAULT '{}', alive text[] DEFAULT '{}')
RETURNS TABLE (ended integer, to_check text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  ended := end_dead_leases(mine, dead);
  to_check := leases_to_check(mine, process, alive);
  PERFORM tell_unheard_changes();
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION recover IS 'Ends expired leases: what they held is unread again. Tells of changes of tasks that no trigger told. For programs: also leases of processes that are dead.';

CREATE OR REPLACE FUNCTION confirm(lease text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  mine text := my_agent();
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  DELETE FROM leases l WHERE l.id = confirm.lease AND (mine IS NULL OR l.agent = mine);
  IF NOT FOUND THEN RETURN; END IF;
  WITH items AS (DELETE FROM lease_items i WHERE i.lease = confirm.lease RETURNING i.kind, i.seq)
    INSERT INTO message_details (message_id, read_at)
    SELECT m.id, clock_timestamp() FROM items JOIN messages m USING (seq) WHERE items.kind = 'message' AND m.id IS NOT NULL
    ON CONFLICT (message_id) DO UPDATE SET read_at = excluded.read_at, kept_for = NULL, expiries = 0;
END
$$;
COMMENT ON FUNCTION confirm IS 'Ends a lease: what was taken under it is read.';

-- Returns whether there was such a lease, as a number.
CREATE OR REPLACE FUNCTION undo(lease text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN end_leases(ARRAY(SELECT l.id FROM leases l WHERE l.id = undo.lease AND (mine IS NULL OR l.agent = mine)), false);
END
$$;
COMMENT ON FUNCTION undo IS 'Ends a lease: what was taken under it is unread again.';

CREATE OR REPLACE FUNCTION renew(wanted text[], seconds double precision) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  UPDATE leases SET expires_at = clock_timestamp() + least(seconds, 60) * interval '1 second'
    WHERE id = ANY (wanted) AND (mine IS NULL OR agent = mine);
END
$$;
COMMENT ON FUNCTION renew IS 'Extends leases from now.';

-- Makes the details of tasks that were inserted while no trigger ran: by session_replication_role, or a restore.
CREATE OR REPLACE FUNCTION adopt_tasks(task_rows bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  WITH made AS (
    INSERT INTO task_details (task_id, sender, assignee_news)
    SELECT t.id, t.sender, (COALESCE(t.status, '') NOT IN ('completed', 'failed'))::integer FROM tasks t
    WHERE t.seq = ANY (task_rows) AND t.id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM task_details d WHERE d.task_id = t.id)
    ON CONFLICT (task_id) DO NOTHING RETURNING task_id
  )
  INSERT INTO task_events (task_id, to_status) SELECT t.id, t.status FROM made JOIN tasks t ON t.id = made.task_id;
END
$$;

-- Locks the news of these tasks for an agent, before they are read: what is read afterwards is what the news stands for.
CREATE OR REPLACE FUNCTION lock_news(of_agent text, task_rows bigint[], viewer jsonb) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  PERFORM adopt_tasks(task_rows);
  RETURN ARRAY(
    SELECT t.seq FROM task_details d JOIN tasks t ON t.id = d.task_id WHERE t.seq = ANY (task_rows)
      AND (d.assignee_news = 1 AND t.recipient = of_agent AND NOT keeps_news(of_agent, d, false, viewer)
        OR d.creator_news = 1 AND t.sender = of_agent AND NOT keeps_news(of_agent, d, true, viewer))
    ORDER BY t.seq FOR UPDATE OF d SKIP LOCKED);
END
$$;

-- Takes rows: messages become read, and news of tasks is cleared for the agent, under a lease.
CREATE OR REPLACE FUNCTION lease_rows(
  of_agent text, new_lease text, instance text, process text, seconds double precision, message_rows bigint[], task_rows bigint[],
  viewer jsonb, is_begun boolean DEFAULT false
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT is_begun THEN
    INSERT INTO leases (id, agent, instance, process, expires_at)
      VALUES (new_lease, of_agent, lease_rows.instance, lease_rows.process, clock_timestamp() + least(seconds, 60) * interval '1 second');
  END IF;
  IF message_rows <> '{}' THEN
    INSERT INTO lease_items (lease, kind, seq) SELECT new_lease, 'message', unnest(message_rows);
    UPDATE messages SET read = 1 WHERE seq = ANY (message_rows);
  END IF;
  IF task_rows <> '{}' THEN
    WITH told AS (
      SELECT t.id, t.seq, d.assignee_news = 1 AND t.recipient = of_agent AND NOT keeps_news(of_agent, d, false, viewer) AS assignee,
        d.creator_news = 1 AND t.sender = of_agent AND NOT keeps_news(of_agent, d, true, viewer) AS creator
      FROM tasks t JOIN task_details d ON d.task_id = t.id WHERE t.seq = ANY (task_rows)
    ), items AS (
      INSERT INTO lease_items (lease, kind, seq)
      SELECT new_lease, 'assignee', seq FROM told WHERE assignee UNION ALL SELECT new_lease, 'creator', seq FROM told WHERE creator
    )
    UPDATE task_details d SET assignee_news = CASE WHEN told.assignee THEN 0 ELSE d.assignee_news END,
      creator_news = CASE WHEN told.creator THEN 0 ELSE d.creator_news END
    FROM told WHERE d.task_id = told.id;
  END IF;
END
$$;

-- Begins a lease before anything is taken, for a call that is repeated because its outcome is unknown. Waits for the first attempt where that
-- one still runs.
--
-- Returns whether the first attempt had begun it.
CREATE OR REPLACE FUNCTION has_begun(of_agent text, new_lease text, instance text, process text, seconds double precision) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO leases (id, agent, instance, process, expires_at)
    VALUES (new_lease, of_agent, has_begun.instance, has_begun.process, clock_timestamp() + least(seconds, 60) * interval '1 second')
    ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN RETURN false; END IF;
  PERFORM wait_for_earlier_commits();
  RETURN true;
END
$$;
