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
  RETURN QUERY SELECT r.*, COALESCE(of_agent IS NULL OR of_agent IN (r.sender, r.recipient), false) FROM event_records r
    WHERE r.seq > after AND r.seq <> ALL (told) AND (mine IS NULL OR mine IN (r.sender, r.recipient)) ORDER BY r.seq LIMIT most;
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
      WHERE ($1 IS NULL OR $1 IN (t.sender, t.recipient)) AND ($2 IS NULL OR $2 IN (t.sender, t.recipient))
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

-- The numbers of the rows of a table of the transcript next to a place, the nearest first: those that have me as a side, and other as another
-- side; either may be NULL.
CREATE OR REPLACE FUNCTION transcript_side(of_events boolean, me text, other text, is_older boolean, place bigint, most bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  turn text := CASE WHEN is_older THEN 'DESC' ELSE '' END;
  next text := CASE WHEN is_older THEN 'x.seq <= $3 ORDER BY x.seq DESC LIMIT ' ELSE 'x.seq > $3 ORDER BY x.seq LIMIT ' END;
  sides text[] := CASE WHEN other IS NULL THEN ARRAY['s.sender = $1', 's.recipient = $1 AND s.sender IS DISTINCT FROM $1']
    ELSE ARRAY['s.sender = $1 AND s.recipient = $2', 's.sender = $2 AND s.recipient = $1'] END;
  found bigint[];
BEGIN
  IF me IS NULL THEN
    EXECUTE format('SELECT ARRAY(SELECT x.seq FROM %s x WHERE %s $4)', CASE WHEN of_events THEN 'task_events' ELSE 'messages' END, next)
      INTO found USING me, other, place, most;
  ELSIF of_events THEN
    -- Most agents that have many tasks have some among the nearest events. The others' events are found by their tasks.
    EXECUTE format('SELECT ARRAY(SELECT x.seq FROM (SELECT x.seq, x.task_id FROM task_events x WHERE %s 2000) AS x
      JOIN tasks s ON s.id = x.task_id WHERE %s OR %s ORDER BY x.seq %s LIMIT $4)', next, sides[1], sides[2], turn)
      INTO found USING me, other, place, most;
    IF cardinality(found) < most THEN
      EXECUTE format('SELECT ARRAY(SELECT x.seq FROM (
        SELECT x.seq FROM tasks s JOIN task_events x ON x.task_id = s.id WHERE %2$s UNION ALL
        SELECT x.seq FROM tasks s JOIN task_events x ON x.task_id = s.id WHERE %3$s) AS x WHERE %1$s $4)', next, sides[1], sides[2])
        INTO found USING me, other, place, most;
    END IF;
  ELSE
    -- Each part follows an index.
    EXECUTE format('SELECT ARRAY(SELECT x.seq FROM (
      (SELECT x.seq FROM messages x WHERE %2$s AND %1$s $4) UNION ALL (SELECT x.seq FROM messages x WHERE %3$s AND %1$s $4)) AS x WHERE %1$s $4)',
      next, replace(sides[1], 's.', 'x.'), replace(sides[2], 's.', 'x.')) INTO found USING me, other, place, most;
  END IF;
  RETURN found;
END
$$;

-- The rows of the transcript next to a place: behind the rows with these numbers, or before a message.
CREATE OR REPLACE FUNCTION transcript_page(
  of_agent text, before_message text, after_message bigint, after_event bigint, older bigint, newer bigint
) RETURNS TABLE (is_older boolean, message message_records, event event_records, seconds double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  me text := COALESCE(my_agent(), of_agent);
  other text := CASE WHEN of_agent <> me THEN of_agent END;
  wanted text;
  number bigint;
  before timestamptz;
  last bigint;
  middle bigint;
  item record;
  most bigint;
  rows bigint[];
BEGIN
  IF before_message IS NOT NULL THEN
    wanted := id_of_message(me, before_message, true, 'at');
    SELECT m.seq INTO number FROM messages m WHERE m.id = wanted AND (other IS NULL OR other IN (m.sender, m.recipient));
    PERFORM required_id(number::text, 'at', before_message);
    after_message := greatest(number, -9223372036854775807) - 1;
    -- Its time, or that of one of the messages before it.
    before := (SELECT time FROM (SELECT m.seq, time_of(m.created_at) AS time FROM messages m WHERE m.seq <= number ORDER BY m.seq DESC LIMIT 100)
      AS near WHERE time IS NOT NULL ORDER BY seq DESC LIMIT 1);
    after_event := COALESCE((SELECT min(e.seq) FROM task_events e) - 1, 0);
    last := CASE WHEN before IS NULL THEN after_event ELSE (SELECT max(e.seq) FROM task_events e) END;
    -- Events up to after_event are before that time, and those above last are not, given that times follow the numbers.
    WHILE after_event < last LOOP
      middle := last - (last - after_event) / 2;
      SELECT e.seq, e.at INTO item FROM task_events e WHERE e.seq BETWEEN middle AND last ORDER BY e.seq LIMIT 1;
      IF item.at < before THEN after_event := item.seq; ELSE last := middle - 1; END IF;
    END LOOP;
  END IF;
  FOREACH is_older IN ARRAY ARRAY[true, false] LOOP
    most := CASE WHEN transcript_page.is_older THEN older ELSE newer END;
    rows := transcript_side(false, me, other, transcript_page.is_older, after_message, most);
    RETURN QUERY SELECT transcript_page.is_older, r, NULL::event_records, extract(epoch FROM time_of(r.created_at))::double precision
      FROM message_records r WHERE r.seq = ANY (rows) ORDER BY r.seq;
    rows := transcript_side(true, me, other, transcript_page.is_older, after_event, most);
    RETURN QUERY SELECT transcript_page.is_older, NULL::message_records, r, r.seconds FROM event_records r WHERE r.seq = ANY (rows)
      ORDER BY r.seq;
  END LOOP;
END
$$;
COMMENT ON FUNCTION transcript_page IS 'For programs: the messages and changes of tasks next to a place in the transcript.';

CREATE OR REPLACE FUNCTION unread_by_agent() RETURNS TABLE (agent text, unread bigint, oldest double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  mine text := my_agent();
BEGIN
  -- The oldest is one of the first: the times of all take long to read.
  RETURN QUERY SELECT u.recipient, u.unread, (
      SELECT max(extract(epoch FROM clock_timestamp() - time_of(f.created_at)))::double precision FROM (
        SELECT m.created_at FROM messages m WHERE m.recipient = u.recipient AND COALESCE(m.read, 0) = 0
          AND (mine IS NULL OR mine IN (m.sender, m.recipient)) ORDER BY m.seq LIMIT 20) AS f)
    FROM (
      SELECT m.recipient, count(*) AS unread FROM messages m
      WHERE COALESCE(m.read, 0) = 0 AND m.recipient IS NOT NULL AND (mine IS NULL OR mine IN (m.sender, m.recipient)) GROUP BY m.recipient
    ) AS u ORDER BY u.recipient COLLATE "C";
END
$$;
COMMENT ON FUNCTION unread_by_agent IS 'The unread messages of each agent, and the age of the oldest in seconds.';

CREATE OR REPLACE FUNCTION open_tasks(most bigint DEFAULT 50) RETURNS TABLE (task task_records, age double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  mine text := my_agent();
  -- Sorted, because the index of all tasks has them in order, and few are open.
  task_rows bigint[] := ARRAY(
    SELECT t.seq FROM tasks t WHERE t.status IS DISTINCT FROM 'completed' AND t.status IS DISTINCT FROM 'failed'
      AND (mine IS NULL OR mine IN (t.sender, t.recipient)) ORDER BY t.seq + 0 LIMIT most);
BEGIN
  RETURN QUERY SELECT r, extract(epoch FROM clock_timestamp() - time_of(r.created_at))::double precision FROM task_records r
    WHERE r.seq = ANY (task_rows) ORDER BY r.seq;
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
