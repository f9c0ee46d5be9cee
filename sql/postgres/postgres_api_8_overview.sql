-- What happened, and what there is, for a person. A login that is bound to an agent sees only what this agent sent, received or has a side in.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- The next messages of the transcript.
CREATE OR REPLACE FUNCTION transcript_messages(of_agent text, after bigint, told bigint[], most bigint)
RETURNS TABLE (message message_records, seconds double precision, is_for boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT r, extract(epoch FROM time_of(r.created_at))::double precision,
      COALESCE(of_agent IS NULL OR of_agent IN (r.sender, r.recipient), false)
    FROM message_records r WHERE r.seq > after AND r.seq <> ALL (told) AND (mine IS NULL OR mine IN (r.sender, r.recipient))
    ORDER BY r.seq LIMIT most;
END
$$;
COMMENT ON FUNCTION transcript_messages IS 'For programs: messages after a number, in order.';

-- The next changes of tasks of the transcript.
CREATE OR REPLACE FUNCTION transcript_events(of_agent text, after bigint, told bigint[], most bigint)
RETURNS TABLE (
  seq bigint, task_id text, title text, sender text, recipient text, at text, actor text, from_status text, to_status text, note text,
  seconds double precision, is_for boolean
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT e.seq, e.task_id, t.title, t.sender, t.recipient, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      e.actor, e.from_status, e.to_status, e.note, extract(epoch FROM e.at)::double precision,
      COALESCE(of_agent IS NULL OR of_agent IN (t.sender, t.recipient, e.actor), false)
    FROM task_events e LEFT JOIN tasks t ON t.id = e.task_id
    WHERE e.seq > after AND e.seq <> ALL (told) AND (mine IS NULL OR mine IN (t.sender, t.recipient)) ORDER BY e.seq LIMIT most;
END
$$;
COMMENT ON FUNCTION transcript_events IS 'For programs: changes of tasks after a number, in order.';

-- The newest rows of a table of the transcript, from the newest on; or the first one since a time.
CREATE OR REPLACE FUNCTION transcript_edge(of_events boolean, of_agent text, since double precision, newest bigint)
RETURNS TABLE (seq bigint, seconds double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  mine text := my_agent();
  turn text := CASE WHEN newest IS NULL THEN '' ELSE 'DESC' END;
BEGIN
  RETURN QUERY EXECUTE CASE WHEN of_events THEN
    'SELECT x.seq, extract(epoch FROM x.at)::double precision FROM task_events x LEFT JOIN tasks t ON t.id = x.task_id
      WHERE ($1 IS NULL OR $1 IN (t.sender, t.recipient, x.actor)) AND ($2 IS NULL OR $2 IN (t.sender, t.recipient))
        AND ($3 IS NULL OR extract(epoch FROM x.at) >= $3)'
  ELSE
    'SELECT x.seq, extract(epoch FROM time_of(x.created_at))::double precision FROM messages x
      WHERE ($1 IS NULL OR $1 IN (x.sender, x.recipient)) AND ($2 IS NULL OR $2 IN (x.sender, x.recipient))
        AND ($3 IS NULL OR extract(epoch FROM time_of(x.created_at)) >= $3)'
  END || ' ORDER BY x.seq ' || turn || ' LIMIT COALESCE($4, 1)' USING of_agent, mine, since, newest;
END
$$;
COMMENT ON FUNCTION transcript_edge IS 'For programs: where a transcript begins.';

-- The visible numbers up to one, of those that are near the newest one. A login of an agent sees those of its agent.
CREATE OR REPLACE FUNCTION transcript_numbers(of_events boolean, up_to bigint, near bigint) RETURNS TABLE (seq bigint, top bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  mine text := my_agent();
BEGIN
  IF of_events THEN
    top := COALESCE((SELECT e.seq FROM task_events e LEFT JOIN tasks t ON t.id = e.task_id WHERE mine IS NULL OR mine IN (t.sender, t.recipient)
      ORDER BY e.seq DESC LIMIT 1), 0);
    RETURN QUERY SELECT e.seq, transcript_numbers.top FROM task_events e LEFT JOIN tasks t ON t.id = e.task_id
      WHERE (mine IS NULL OR mine IN (t.sender, t.recipient)) AND e.seq <= up_to AND e.seq > transcript_numbers.top - near;
  ELSE
    top := COALESCE((SELECT m.seq FROM messages m WHERE mine IS NULL OR mine IN (m.sender, m.recipient) ORDER BY m.seq DESC LIMIT 1), 0);
    RETURN QUERY SELECT m.seq, transcript_numbers.top FROM messages m
      WHERE (mine IS NULL OR mine IN (m.sender, m.recipient)) AND m.seq <= up_to AND m.seq > transcript_numbers.top - near;
  END IF;
  RETURN QUERY SELECT NULL::bigint, transcript_numbers.top;
END
$$;
COMMENT ON FUNCTION transcript_numbers IS 'For programs: the numbers that a transcript has told already.';

CREATE OR REPLACE FUNCTION unread_by_agent() RETURNS TABLE (agent text, unread bigint, oldest double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT m.recipient, count(*), max(extract(epoch FROM clock_timestamp() - time_of(m.created_at)))::double precision
    FROM messages m WHERE COALESCE(m.read, 0) = 0 AND m.recipient IS NOT NULL AND (mine IS NULL OR mine IN (m.sender, m.recipient))
    GROUP BY m.recipient ORDER BY m.recipient COLLATE "C";
END
$$;
COMMENT ON FUNCTION unread_by_agent IS 'The unread messages of each agent, and the age of the oldest in seconds.';

CREATE OR REPLACE FUNCTION open_tasks(most bigint DEFAULT 50) RETURNS TABLE (task task_records, age double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT r, extract(epoch FROM clock_timestamp() - time_of(r.created_at))::double precision FROM task_records r
    WHERE r.status IS DISTINCT FROM 'completed' AND r.status IS DISTINCT FROM 'failed'
      AND (mine IS NULL OR mine IN (r.sender, r.recipient)) ORDER BY r.seq LIMIT most;
END
$$;
COMMENT ON FUNCTION open_tasks IS 'The tasks that have not ended, and their age in seconds.';

CREATE OR REPLACE FUNCTION totals(OUT open_tasks bigint, OUT leases bigint, OUT expired_leases bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  SELECT count(*) INTO open_tasks FROM tasks t
    WHERE t.status IS DISTINCT FROM 'completed' AND t.status IS DISTINCT FROM 'failed' AND (mine IS NULL OR mine IN (t.sender, t.recipient));
  SELECT count(*),
      count(*) FILTER (WHERE l.expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 minute')
    INTO leases, expired_leases FROM leases l
    WHERE mine IS NULL OR l.agent = mine;
END
$$;
COMMENT ON FUNCTION totals IS 'How many tasks are open, and how many leases there are.';

CREATE OR REPLACE FUNCTION set_aside_by_agent() RETURNS TABLE (agent text, messages bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  RETURN QUERY SELECT m.recipient, count(*) FROM message_details d JOIN messages m ON m.id = d.message_id
    WHERE (d.kept_for IS NOT NULL OR d.expiries >= 3) AND d.expiries >= 5 AND COALESCE(m.read, 0) = 0 AND (mine IS NULL OR m.recipient = mine)
    GROUP BY m.recipient ORDER BY m.recipient COLLATE "C";
END
$$;
COMMENT ON FUNCTION set_aside_by_agent IS 'The messages of each agent that are set aside.';
