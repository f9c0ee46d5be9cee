-- Agents and their running instances.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION touch_agent(wanted text, host text, client text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  INSERT INTO agents AS a (name, last_seen, host, client)
  VALUES (wanted, clock_timestamp(), left(touch_agent.host, 255), left(touch_agent.client, 255))
  ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen, host = excluded.host, client = COALESCE(excluded.client, a.client);
END
$$;

-- Does what triggers do for tasks of an agent, where they did not run.
CREATE OR REPLACE FUNCTION mend_news(of_agent text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  bypassed bigint[] := ARRAY(SELECT bypassed_tasks(of_agent, true));
BEGIN
  DELETE FROM task_details d WHERE d.task_id = ANY (ARRAY(
    SELECT n.task_id FROM task_details n WHERE n.assignee_news = 1 AND n.assignee = of_agent
      AND (SELECT t.id FROM tasks t WHERE t.id = n.task_id) IS NULL
    UNION ALL
    SELECT n.task_id FROM task_details n WHERE n.creator_news = 1 AND n.creator = of_agent
      AND (SELECT t.id FROM tasks t WHERE t.id = n.task_id) IS NULL));
  IF bypassed <> '{}' THEN
    PERFORM adopt_tasks(bypassed), pg_notify(channel_of(workspace(), of_agent), 'tasks');
  END IF;
  PERFORM tell_changed_ends(of_agent);
END
$$;

CREATE OR REPLACE FUNCTION heartbeat(
  agent text, instance text, host text, process text, client text, claim_seconds double precision, presence double precision,
  session text DEFAULT NULL, session_name text DEFAULT NULL, session_process text DEFAULT ''
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(heartbeat.agent);
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM check_size('instance', heartbeat.instance, 1, 400), check_size('process', heartbeat.process, 0, 400),
    check_size('agent', me, 1, 63), check_size('session', heartbeat.session, 10, 10),
    check_size('session_process', heartbeat.session_process, 0, 400);
  INSERT INTO instances AS i (id, agent, host, process, client, last_seen)
    VALUES (heartbeat.instance, me, left(heartbeat.host, 255), heartbeat.process, left(heartbeat.client, 255), clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen, client = excluded.client WHERE i.agent = me;
  UPDATE task_details d SET held_until = clock_timestamp() + least(claim_seconds, 600) * interval '1 second'
    WHERE d.task_id IN (SELECT h.task_id FROM task_details h JOIN tasks t ON t.id = h.task_id
      WHERE h.holder IS NOT NULL AND (h.holder = heartbeat.instance OR h.holder_session = heartbeat.session) AND t.recipient = me
      FOR UPDATE OF h SKIP LOCKED);
  IF heartbeat.session IS NOT NULL THEN
    INSERT INTO sessions AS s (agent, stamp, name, process, client, last_seen)
      VALUES (me, heartbeat.session, left(session_name, 255), session_process, left(heartbeat.client, 255), clock_timestamp())
      ON CONFLICT (agent, stamp) DO UPDATE
      SET last_seen = excluded.last_seen, client = COALESCE(excluded.client, s.client), has_ended = false;
  END IF;
  DELETE FROM sessions s WHERE s.agent = me
    AND s.last_seen NOT BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp() + interval '1 hour';
  DELETE FROM instances i WHERE i.agent = me AND i.id <> heartbeat.instance AND i.last_seen NOT BETWEEN
    clock_timestamp() - greatest(least(4 * heartbeat.presence, 1e9), 60) * interval '1 second'
    AND clock_timestamp() + greatest(least(4 * heartbeat.presence, 1e9), 60) * interval '1 second';
  PERFORM touch_agent(me, heartbeat.host, heartbeat.client), mend_news(me);
END
$$;
COMMENT ON FUNCTION heartbeat IS 'For programs: an instance of an agent runs; keeps its claims.';

-- Ends an instance, and with it its session, if that is given: what the session held is free, and what was kept for it is anybody's.
CREATE OR REPLACE FUNCTION sign_off(agent text, instance text, host text, client text, session text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(sign_off.agent);
BEGIN
  DELETE FROM instances i WHERE i.id = sign_off.instance AND i.agent = me;
  IF sign_off.session IS NOT NULL THEN
    UPDATE sessions s SET has_ended = true WHERE s.agent = me AND s.stamp = sign_off.session;
    UPDATE task_details d SET held_until = '-infinity' FROM tasks t
      WHERE t.id = d.task_id AND d.holder IS NOT NULL AND (d.holder = sign_off.instance OR d.holder_session = sign_off.session)
        AND t.recipient = me;
    PERFORM pg_notify(channel_of(workspace(), me), 'messages');
  END IF;
  PERFORM touch_agent(me, sign_off.host, sign_off.client);
END
$$;
COMMENT ON FUNCTION sign_off IS 'For programs: an instance of an agent ends.';

CREATE OR REPLACE FUNCTION add_agent(agent text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  PERFORM check_name('agent', me);
  INSERT INTO agents (name) VALUES (me) ON CONFLICT (name) DO NOTHING;
END
$$;
COMMENT ON FUNCTION add_agent IS 'Makes an agent known before it connects.';

-- Forgets an agent. Without force, only while nothing unread waits for it; whether it runs, the caller knows.
--
-- Returns whether that was done.
CREATE OR REPLACE FUNCTION remove_agent(agent text, force boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  IF NOT force AND EXISTS (SELECT 1 FROM messages m WHERE m.recipient = me AND COALESCE(m.read, 0) = 0) THEN RETURN false; END IF;
  DELETE FROM instances i WHERE i.agent = me;
  DELETE FROM sessions s WHERE s.agent = me;
  DELETE FROM agents a WHERE a.name = me;
  RETURN true;
END
$$;
COMMENT ON FUNCTION remove_agent IS 'Forgets an agent for which nothing waits; its messages and tasks stay.';

-- The sessions of an agent, or of all, of the last hour. A login that is bound to an agent sees those of its agent.
CREATE OR REPLACE FUNCTION sessions_of(wanted text, presence double precision DEFAULT 45)
RETURNS TABLE (agent text, stamp text, name text, client text, process text, is_recent boolean, has_ended boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT s.agent, s.stamp, s.name, s.client, s.process, is_recent(s.last_seen, presence), s.has_ended
    FROM sessions s WHERE (wanted IS NULL OR s.agent = wanted) AND (mine IS NULL OR s.agent = mine) ORDER BY s.agent, s.name, s.stamp;
END
$$;
COMMENT ON FUNCTION sessions_of IS 'The sessions of an agent: the client processes of its instances.';

-- Whether a heartbeat is recent. One in the future was sent before the clock was set back.
CREATE OR REPLACE FUNCTION is_recent(heartbeat timestamptz, seconds double precision) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN heartbeat BETWEEN clock_timestamp() - least(seconds, 1e9) * interval '1 second'
    AND clock_timestamp() + least(seconds, 1e9) * interval '1 second';
END
$$;

-- The agents whose names begin in a way: the one that asks, then those seen last. A login that is bound to an agent counts only what it sends or
-- receives itself, and each count ends at 1000. sessions has the processes of those that run.
CREATE OR REPLACE FUNCTION agents(presence double precision DEFAULT 30, beginning text DEFAULT '', own text DEFAULT NULL, most bigint DEFAULT NULL)
RETURNS TABLE (
  name text, last_seen text, host text, client text, processes text[], unread bigint, open_tasks bigint, sessions text[], remaining bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  mine text := my_agent();
  -- A heartbeat in the future was sent before the clock was set back.
  since timestamptz := clock_timestamp() - least(agents.presence, 1e9) * interval '1 second';
  until timestamptz := clock_timestamp() + least(agents.presence, 1e9) * interval '1 second';
BEGIN
  IF mine <> own THEN PERFORM acting_agent(own); END IF;
  -- Sorted by a time alone, thousands take a third of the time.
  RETURN QUERY WITH first AS (
    SELECT w.name, a.last_seen, a.host, a.client, COALESCE(w.name = own, false) AS is_own
      FROM (VALUES ('code'), ('cowork') UNION SELECT a.name FROM agents a WHERE a.name = own) AS w (name) LEFT JOIN agents a ON a.name = w.name
      WHERE starts_with(w.name, beginning)
  ), others AS (
    SELECT a.name, a.last_seen, a.host, a.client FROM agents a
      WHERE starts_with(a.name, beginning) AND a.name NOT IN ('code', 'cowork', COALESCE(own, ''))
  ), known AS (
    SELECT n.name, n.last_seen, n.host, n.client, (SELECT count(*) FROM first) + (SELECT count(*) FROM others) AS total FROM (
      SELECT f.*, true AS is_first FROM first f
      UNION ALL
      (SELECT o.*, false, false FROM others o ORDER BY o.last_seen DESC NULLS LAST, o.name COLLATE "C" LIMIT most)
    ) AS n ORDER BY n.is_own DESC, n.is_first DESC, n.last_seen DESC NULLS LAST, n.name COLLATE "C" LIMIT most
  )
  SELECT k.name, CASE WHEN isfinite(k.last_seen) THEN to_char(k.last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END,
      k.host, k.client, ARRAY(SELECT i.process FROM instances i WHERE i.agent = k.name AND i.last_seen BETWEEN since AND until),
      (SELECT count(*) FROM (
        SELECT FROM messages m WHERE m.recipient = k.name AND COALESCE(m.read, 0) = 0 AND (mine IS NULL OR mine IN (k.name, m.sender))
          LIMIT 1000) AS counted),
      (SELECT count(*) FROM (
        SELECT FROM tasks t WHERE t.recipient = k.name AND t.status IS DISTINCT FROM 'completed' AND t.status IS DISTINCT FROM 'failed'
          AND (mine IS NULL OR mine IN (k.name, t.sender)) LIMIT 1000) AS counted),
      ARRAY(SELECT s.process FROM sessions s WHERE s.agent = k.name AND NOT s.has_ended AND s.last_seen BETWEEN since AND until),
      k.total - count(*) OVER ()
    FROM known k ORDER BY k.name COLLATE "C";
END
$$;
COMMENT ON FUNCTION agents IS 'The agents, whether they run, and what waits for them. Example: SELECT * FROM agents()';
