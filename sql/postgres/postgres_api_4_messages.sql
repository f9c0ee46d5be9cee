-- Messages: sending, taking and looking.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Open tasks of an agent without details, for which no trigger has run. All of them, or, where the newest one has details, none: heartbeats find
-- the others.
CREATE OR REPLACE FUNCTION bypassed_tasks(wanted text, is_thorough boolean) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
BEGIN
  IF NOT is_thorough AND EXISTS (
    SELECT 1 FROM task_details d WHERE d.task_id = (
      SELECT t.id FROM tasks t WHERE t.recipient = wanted AND t.status IS DISTINCT FROM 'completed' AND t.status IS DISTINCT FROM 'failed'
        AND t.id IS NOT NULL
      ORDER BY t.seq DESC LIMIT 1))
  THEN RETURN; END IF;
  RETURN QUERY SELECT t.seq FROM tasks t
    WHERE t.recipient = wanted AND t.status IS DISTINCT FROM 'completed' AND t.status IS DISTINCT FROM 'failed' AND t.id IS NOT NULL
      AND (SELECT d.task_id FROM task_details d WHERE d.task_id = t.id) IS NULL;
END
$$;

-- The first tasks that are news for an agent.
CREATE OR REPLACE FUNCTION news_of(wanted text, viewer jsonb, most bigint DEFAULT NULL) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT n.seq FROM (
    (SELECT d.seq FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = wanted
      AND NOT keeps_news(wanted, d, false, viewer) ORDER BY d.seq LIMIT most)
    UNION
    (SELECT d.seq FROM task_details d WHERE d.creator_news = 1 AND d.creator = wanted
      AND NOT keeps_news(wanted, d, true, viewer) ORDER BY d.seq LIMIT most)
    UNION
    SELECT b FROM bypassed_tasks(wanted, false) AS b
  ) AS n ORDER BY n.seq LIMIT most;
END
$$;

-- How many messages wait for an agent, beside those that are hidden, up to a number: all would take longer to count than a call.
CREATE OR REPLACE FUNCTION count_unread(of_agent text, of_sender text, hidden bigint, most bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (SELECT count(*) FROM (
    SELECT FROM messages m WHERE m.recipient = of_agent AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)
      LIMIT most + hidden) AS counted) - hidden;
END
$$;

-- How many tasks are news for an agent on no side that its viewer sees.
CREATE OR REPLACE FUNCTION kept_news(of_agent text, viewer jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  -- Where there is no other session, only the precedence within this one counts.
  since timestamptz := clock_timestamp() - interval '1 second' * CASE
    WHEN EXISTS (SELECT 1 FROM sessions s WHERE s.agent = of_agent AND s.stamp IS DISTINCT FROM viewer ->> 'session' AND NOT s.has_ended)
      THEN COALESCE((viewer ->> 'reservation')::double precision, 600)
    ELSE COALESCE((viewer ->> 'precedence')::double precision, 0.3) END;
BEGIN
  RETURN (SELECT count(*) FROM (
    SELECT d.task_id FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = of_agent AND d.news_at > since AND keeps_news(of_agent, d, false, viewer)
      AND NOT (d.creator_news = 1 AND d.creator IS NOT DISTINCT FROM of_agent)
    UNION ALL
    SELECT d.task_id FROM task_details d WHERE d.creator_news = 1 AND d.creator = of_agent AND d.news_at > since AND keeps_news(of_agent, d, true, viewer)
      AND NOT (d.assignee_news = 1 AND d.assignee IS NOT DISTINCT FROM of_agent)) AS n);
END
$$;

-- What there is for an agent, whoever is to get it: unread messages, news of tasks, and messages that are kept for somebody or whose leases
-- expired again and again. Most agents have little of it most of the time, and what follows is left out.
CREATE OR REPLACE FUNCTION anything_for(wanted text, OUT messages boolean, OUT news boolean, OUT held boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  SELECT EXISTS (SELECT 1 FROM messages m WHERE m.recipient = wanted AND COALESCE(m.read, 0) = 0),
      EXISTS (SELECT 1 FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = wanted)
        OR EXISTS (SELECT 1 FROM task_details d WHERE d.creator_news = 1 AND d.creator = wanted)
        OR EXISTS (SELECT 1 FROM bypassed_tasks(wanted, false)),
      EXISTS (SELECT 1 FROM message_details d WHERE d.recipient = wanted AND (d.kept_for IS NOT NULL OR d.expiries >= 3))
    INTO messages, news, held;
END
$$;

-- What waits for an agent that is known to act.
CREATE OR REPLACE FUNCTION unread_of(
  me text, viewer jsonb, process text, OUT messages bigint, OUT tasks bigint, OUT elsewhere bigint, OUT to_check text[]
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  found record := anything_for(me);
  kept bigint;
BEGIN
  messages := 0;
  tasks := 0;
  elsewhere := 0;
  IF process <> '' THEN
    to_check := CASE WHEN found.held OR found.news THEN sessions_to_check(me, process, viewer) ELSE '{}' END;
  END IF;
  IF found.messages THEN
    IF found.held THEN
      SELECT count(*), count(*) FILTER (WHERE NOT h.is_set_aside) INTO messages, elsewhere FROM held(me, NULL, viewer) AS h WHERE h.is_hidden;
    END IF;
    messages := count_unread(me, NULL, messages, 1000);
  END IF;
  IF found.news THEN
    kept := kept_news(me, viewer);
    tasks := least(1000, -kept
      + (SELECT count(*) FROM (SELECT FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = me LIMIT 1000 + kept) AS counted)
      + (SELECT count(*) FROM (SELECT FROM task_details d WHERE d.creator_news = 1 AND d.creator = me
        AND NOT (d.assignee_news = 1 AND d.assignee IS NOT DISTINCT FROM me) LIMIT 1000 + kept) AS counted)
      + (SELECT count(*) FROM bypassed_tasks(me, false)));
    elsewhere := elsewhere + kept;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION unread(
  agent text, viewer jsonb DEFAULT '{}', process text DEFAULT '', OUT messages bigint, OUT tasks bigint, OUT elsewhere bigint, OUT to_check text[]
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  SELECT u.messages, u.tasks, u.elsewhere, u.to_check INTO messages, tasks, elsewhere, to_check
    FROM unread_of(acting_agent(agent), viewer, process) AS u;
END
$$;
COMMENT ON FUNCTION unread IS 'How many messages and tasks wait for an agent, of each kind up to 1000.';

-- The end of the id of a message, by which the answer to it is kept for the session that asked, or for a call that waits for it. NULL where the
-- asker did not send that message, or nobody knows its session.
CREATE OR REPLACE FUNCTION session_that_asked(asker text, asked text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN (SELECT right(asked, 12) FROM messages m WHERE m.id = asked AND m.sender = asker AND (
    EXISTS (SELECT 1 FROM sessions s WHERE s.agent = asker AND s.stamp = left(right(asked, 12), 10) AND NOT s.has_ended)
    OR EXISTS (SELECT 1 FROM lease_items i WHERE i.kind = 'reply' AND i.seq = m.seq)));
END
$$;

-- Keeps the reply to a message for a call that waits for it, while its lease lasts.
CREATE OR REPLACE FUNCTION reserve_reply(of_agent text, asked text, new_lease text, instance text, process text, seconds double precision) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF octet_length(new_lease) NOT BETWEEN 1 AND 200 OR octet_length(instance) NOT BETWEEN 1 AND 400 OR octet_length(process) > 400 THEN
    PERFORM refuse('CW400', 'awaiting has 1 to 200 bytes, instance 1 to 400, and process at most 400');
  END IF;
  IF NOT has_begun(of_agent, new_lease, instance, process, seconds) THEN
    INSERT INTO lease_items (lease, kind, seq) SELECT new_lease, 'reply', m.seq FROM messages m WHERE m.id = asked;
  END IF;
END
$$;

-- Sends a message. With an id that the agent has used, or its key, nothing is sent, and the message that was is returned.
CREATE OR REPLACE FUNCTION send(
  sender text, recipient text, content text, reply_to text DEFAULT NULL, task_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
  message_id text DEFAULT NULL, presence double precision DEFAULT 30, viewer jsonb DEFAULT '{}', awaiting text DEFAULT NULL,
  instance text DEFAULT '', process text DEFAULT '', seconds double precision DEFAULT 30
) RETURNS TABLE (
  id text, created_at text, is_new boolean, earlier_recipient text, earlier_content text, processes text[], unread_messages bigint,
  unread_tasks bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(send.sender);
  wanted text := COALESCE(send.message_id, gen_random_uuid()::text);
  earlier text;
  kept text;
BEGIN
  PERFORM check_name('sender', me);
  IF octet_length(send.content) NOT BETWEEN 1 AND 262144 OR send.content IS NULL
    OR greatest(octet_length(send.reply_to), octet_length(send.task_id), octet_length(send.idempotency_key), octet_length(wanted)) > 200
    OR '' IN (send.reply_to, send.task_id, send.idempotency_key, wanted)
  THEN
    IF send.content IS NULL THEN PERFORM refuse('CW400', 'content is missing'); END IF;
    PERFORM check_size('content', send.content, 1, 262144), check_size('reply_to', send.reply_to, 1, 200),
      check_size('task_id', send.task_id, 1, 200), check_size('idempotency_key', send.idempotency_key, 1, 200),
      check_size('message_id', wanted, 1, 200);
  END IF;
  is_new := false;
  IF send.idempotency_key IS NOT NULL THEN
    SELECT d.message_id, m.id, m.created_at, m.recipient, m.content
      INTO earlier, send.id, send.created_at, earlier_recipient, earlier_content
      FROM message_details d LEFT JOIN messages m ON m.id = d.message_id
      WHERE d.sender = me AND d.idempotency_key = send.idempotency_key AND d.recipient = send.recipient;
    IF earlier IS NOT NULL AND send.id IS NULL THEN
      -- The message was removed by hand, and its key is free again.
      DELETE FROM message_details d WHERE d.message_id = earlier;
    END IF;
  END IF;
  IF send.id IS NULL THEN
    PERFORM require_agent(send.recipient);
    -- An id that differs from another one in case only would be found instead of it.
    INSERT INTO messages AS m (id, sender, recipient, content, read) SELECT wanted, me, send.recipient, send.content, 0
      WHERE NOT EXISTS (SELECT 1 FROM messages x WHERE lower(x.id) = lower(wanted))
      ON CONFLICT (id) DO NOTHING RETURNING m.id, m.created_at INTO send.id, send.created_at;
    is_new := send.id IS NOT NULL;
    IF is_new AND COALESCE(send.reply_to, send.task_id, send.idempotency_key) IS NOT NULL THEN
      IF send.reply_to IS NOT NULL THEN
        reply_to := required_id(id_of_message(me, send.reply_to, true, 'reply_to'), 'reply_to', send.reply_to);
      END IF;
      IF send.task_id IS NOT NULL THEN task_id := required_id(id_of_task(me, send.task_id), 'task_id', send.task_id); END IF;
      kept := session_that_asked(send.recipient, send.reply_to);
      INSERT INTO message_details (message_id, sender, recipient, reply_to, task_id, idempotency_key, kept_for, kept_until)
        VALUES (wanted, me, send.recipient, send.reply_to, send.task_id, send.idempotency_key, kept, CASE WHEN kept IS NOT NULL THEN
          clock_timestamp() + COALESCE((viewer ->> 'reservation')::double precision, 600) * interval '1 second' END)
        ON CONFLICT (message_id) DO UPDATE SET sender = excluded.sender, recipient = excluded.recipient, reply_to = excluded.reply_to,
          task_id = excluded.task_id, kept_for = excluded.kept_for, kept_until = excluded.kept_until, expiries = 0,
          idempotency_key = excluded.idempotency_key, read_at = NULL, redelivered = 0;
    ELSIF NOT is_new THEN
      SELECT m.id, m.created_at, m.recipient, m.content INTO send.id, send.created_at, earlier_recipient, earlier_content
        FROM messages m WHERE m.id = wanted AND m.sender = me;
      IF send.id IS NULL THEN PERFORM refuse('CW409', format('another message has the id "%s" already', wanted)); END IF;
    END IF;
  END IF;
  IF NOT is_new THEN PERFORM wait_for_earlier_commits(); END IF;
  IF awaiting IS NOT NULL THEN PERFORM reserve_reply(me, send.id, awaiting, instance, process, seconds); END IF;
  processes := processes_of(send.recipient, presence);
  SELECT u.messages, u.tasks INTO unread_messages, unread_tasks FROM unread_of(me, viewer, '') AS u;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION send IS 'Sends a message, and says what waits for its sender. Example: SELECT send(''code'', ''cowork'', ''Hello'')';

-- Sends a message to every other agent, with the given ids in any order. A repeat with these ids sends to those that have none of them.
CREATE OR REPLACE FUNCTION send_to_all(
  sender text, content text, reply_to text DEFAULT NULL, task_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
  message_ids text[] DEFAULT NULL, presence double precision DEFAULT 30, viewer jsonb DEFAULT '{}'
) RETURNS TABLE (
  recipient text, id text, created_at text, is_new boolean, earlier_recipient text, earlier_content text, processes text[],
  unread_messages bigint, unread_tasks bigint
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
#variable_conflict use_column
DECLARE
  me text := acting_agent(send_to_all.sender);
  ids text[] := COALESCE(send_to_all.message_ids, ARRAY(SELECT gen_random_uuid()::text FROM generate_series(1, 100)));
  names text[] := ARRAY(
    SELECT k.name FROM (SELECT a.name FROM agents a UNION SELECT unnest('{code,cowork}'::text[])) AS k
    WHERE k.name <> me AND is_name(k.name) ORDER BY k.name COLLATE "C");
  sent_ids text[];
  sent_names text[];
  item text;
BEGIN
  PERFORM check_name('sender', me);
  IF cardinality(names) > cardinality(ids) OR cardinality(names) > 100 THEN
    PERFORM refuse('CW413', format('there are %s other agents, and a message goes to 100 at most', cardinality(names)), cardinality(names)::text);
  END IF;
  SELECT COALESCE(array_agg(m.id), '{}'), COALESCE(array_agg(m.recipient), '{}') INTO sent_ids, sent_names
    FROM messages m WHERE m.id = ANY (ids) AND m.sender = me;
  -- All are sent, or none.
  SELECT m.id INTO item FROM message_details d JOIN messages m ON m.id = d.message_id
    WHERE d.sender = me AND d.idempotency_key = send_to_all.idempotency_key AND d.recipient = ANY (names)
      AND m.content IS DISTINCT FROM send_to_all.content AND m.id <> ALL (ids) LIMIT 1;
  IF item IS NOT NULL THEN
    PERFORM refuse('CW412', format('the key "%s" was used for the message %s, which has another content', send_to_all.idempotency_key, item),
      concat_ws(chr(31), item, send_to_all.idempotency_key));
  END IF;
  ids := ARRAY(SELECT i FROM unnest(ids) AS i WHERE i <> ALL (sent_ids));
  FOREACH item IN ARRAY names LOOP
    recipient := item;
    item := sent_ids[array_position(sent_names, item)];
    IF item IS NULL THEN
      item := ids[1];
      ids := ids[2:];
    END IF;
    RETURN QUERY SELECT send_to_all.recipient, s.id, s.created_at, s.is_new, s.earlier_recipient, s.earlier_content, s.processes,
        s.unread_messages, s.unread_tasks
      FROM send(me, send_to_all.recipient, send_to_all.content, send_to_all.reply_to, send_to_all.task_id, send_to_all.idempotency_key, item,
        send_to_all.presence, send_to_all.viewer) AS s;
  END LOOP;
END
$$;
COMMENT ON FUNCTION send_to_all IS 'Sends a message to every other agent, at most 100. Example: SELECT send_to_all(''code'', ''Hello'')';

-- What is shown of these messages and news, as much as fits into so many characters. remaining ends at 1000.
CREATE OR REPLACE FUNCTION shown(
  of_agent text, message_rows bigint[], task_rows bigint[], unread_count bigint, characters bigint,
  OUT messages bigint[], OUT tasks bigint[], OUT remaining bigint
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  spent bigint := 0;
BEGIN
  messages := CASE WHEN message_rows = '{}' THEN '{}' ELSE fitting_messages(message_rows, characters) END;
  remaining := least(greatest(unread_count - cardinality(messages), 0), 1000);
  tasks := '{}';
  IF task_rows = '{}' THEN RETURN; END IF;
  IF messages <> '{}' THEN SELECT sum(cost_of(r)) INTO spent FROM message_records r WHERE r.seq = ANY (messages); END IF;
  tasks := fitting_tasks(task_rows, greatest(characters - spent, 0), messages = '{}');
END
$$;

-- The first messages that come together: one whose leases expired three times comes alone.
CREATE OR REPLACE FUNCTION together(given bigint[], alone bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first integer := (SELECT min(g.number) FROM unnest(given) WITH ORDINALITY AS g (seq, number) WHERE g.seq = ANY (alone));
BEGIN
  RETURN CASE WHEN first IS NULL THEN given WHEN first = 1 THEN given[1:1] ELSE given[1:first - 1] END;
END
$$;

-- Takes what waits for an agent, under a lease: it counts as read once the lease is confirmed. A repeated lease returns what it holds.
--
-- Takes nothing while there are leases of processes on the caller's host, or sessions for which something is kept, that it has not named as
-- dead or alive: the last column names them. Looks at few rows of tables that may be large: never at all of them. Whether something is kept for
-- others is decided by the statement that takes.
CREATE OR REPLACE FUNCTION take(
  agent text, lease text, instance text, process text, seconds double precision, dead text[], alive text[], is_repeated boolean,
  of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean, viewer jsonb, answers text, with_read boolean
) RETURNS TABLE (
  message message_records, task task_records, remaining bigint, elsewhere bigint, news_elsewhere bigint, set_aside bigint, to_check text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
  found record;
  message_rows bigint[];
  task_rows bigint[] := '{}';
  alone bigint[];
BEGIN
  IF octet_length(lease) NOT BETWEEN 1 AND 200 OR octet_length(instance) NOT BETWEEN 1 AND 400 OR octet_length(process) > 400 THEN
    PERFORM refuse('CW400', 'lease has 1 to 200 bytes, instance 1 to 400, and process at most 400');
  END IF;
  -- A repeat waits for an attempt that still runs: what that one has locked and not yet leased would not be found.
  PERFORM pg_advisory_xact_lock(hashtextextended(take.lease, 0));
  to_check := check_leases(me, process, dead, alive);
  elsewhere := 0;
  news_elsewhere := 0;
  set_aside := 0;
  -- Statements of their own, which see what the leases gave back.
  found := anything_for(me);
  IF to_check = '{}' AND NOT is_repeated AND answers IS NULL AND NOT found.messages AND NOT found.news THEN
    remaining := 0;
    to_check := NULL;
    RETURN NEXT;
    RETURN;
  END IF;
  IF found.held OR found.news THEN to_check := to_check || sessions_to_check(me, process, viewer); END IF;
  IF to_check <> '{}' THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF is_repeated AND has_begun(me, lease, instance, process, seconds) THEN
    message_rows := ARRAY(SELECT i.seq FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.lease = take.lease AND l.agent = me AND i.kind = 'message');
    task_rows := ARRAY(SELECT DISTINCT i.seq FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.lease = take.lease AND l.agent = me AND i.kind IN ('assignee', 'creator'));
    remaining := 0;
  ELSE
    IF answers IS NOT NULL THEN
      message_rows := ARRAY(
        SELECT m.seq FROM message_details d JOIN messages m ON m.id = d.message_id
        WHERE d.reply_to = answers AND m.recipient = me AND (COALESCE(m.read, 0) = 0 OR with_read) ORDER BY m.seq LIMIT 1 FOR UPDATE OF m SKIP LOCKED);
      remaining := 0;
    ELSE
      -- Passes over rows that another reader is taking: without that, two would get the same ones.
      WITH h AS MATERIALIZED (SELECT * FROM held(me, of_sender, viewer))
      SELECT ARRAY(
          SELECT m.seq FROM messages m WHERE m.recipient = me AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)
            AND m.seq <> ALL (ARRAY(SELECT h.seq FROM h WHERE h.is_hidden))
          ORDER BY m.seq LIMIT most FOR UPDATE SKIP LOCKED),
        count_unread(me, of_sender, count(*) FILTER (WHERE h.is_hidden), 1000 + most),
        count(*) FILTER (WHERE h.is_hidden AND NOT h.is_set_aside), count(*) FILTER (WHERE h.is_set_aside),
        COALESCE(array_agg(h.seq) FILTER (WHERE NOT h.is_hidden AND h.is_alone), '{}')
        INTO message_rows, remaining, elsewhere, set_aside, alone FROM h;
      IF alone <> '{}' THEN message_rows := together(message_rows, alone); END IF;
      IF with_tasks AND found.news THEN
        IF message_rows[1] = ANY (alone) THEN most := 0; END IF;
        task_rows := ARRAY(SELECT n FROM news_of(me, viewer, most) AS n);
        IF task_rows <> '{}' THEN task_rows := lock_news(me, task_rows, viewer); ELSE news_elsewhere := kept_news(me, viewer); END IF;
      END IF;
      SELECT s.messages, s.tasks, s.remaining INTO message_rows, task_rows, remaining
        FROM shown(me, message_rows, task_rows, take.remaining, characters) AS s;
    END IF;
    IF task_rows <> '{}' OR message_rows <> '{}' AND (
      answers IS NULL OR EXISTS (SELECT 1 FROM messages m WHERE m.seq = ANY (message_rows) AND COALESCE(m.read, 0) = 0)) THEN
      PERFORM lease_rows(me, lease, instance, process, seconds, message_rows, task_rows, viewer, is_repeated);
    ELSIF is_repeated THEN
      PERFORM end_leases(ARRAY[lease], false);
    END IF;
  END IF;
  IF is_whole THEN
    RETURN QUERY SELECT ROW (w.*)::message_records, NULL::task_records, take.remaining, take.elsewhere, take.news_elsewhere, take.set_aside, NULL::text[]
      FROM whole_messages w WHERE w.seq = ANY (message_rows) ORDER BY w.seq;
  ELSE
    RETURN QUERY SELECT r, NULL::task_records, take.remaining, take.elsewhere, take.news_elsewhere, take.set_aside, NULL::text[]
      FROM message_records r WHERE r.seq = ANY (message_rows) ORDER BY r.seq;
  END IF;
  IF task_rows <> '{}' THEN
    RETURN QUERY SELECT NULL::message_records, r, take.remaining, take.elsewhere, take.news_elsewhere, take.set_aside, NULL::text[]
      FROM task_records r WHERE r.seq = ANY (task_rows) ORDER BY r.seq;
  ELSIF message_rows = '{}' THEN
    to_check := NULL;
    RETURN NEXT;
  END IF;
END
$$;
COMMENT ON FUNCTION take IS 'For programs: takes what waits for an agent, under a lease.';

-- What waits for an agent, in one state of the tables.
CREATE OR REPLACE FUNCTION waiting(
  of_agent text, of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean, viewer jsonb
) RETURNS TABLE (
  message message_records, task task_records, remaining bigint, elsewhere bigint, news_elsewhere bigint, set_aside bigint, to_check text[]
)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  message_rows bigint[];
  task_rows bigint[] := '{}';
  hidden bigint[];
  alone bigint[];
BEGIN
  SELECT COALESCE(array_agg(h.seq) FILTER (WHERE h.is_hidden), '{}'), COALESCE(array_agg(h.seq) FILTER (WHERE NOT h.is_hidden AND h.is_alone), '{}'),
      count(*) FILTER (WHERE h.is_hidden AND NOT h.is_set_aside), count(*) FILTER (WHERE h.is_set_aside)
    INTO hidden, alone, elsewhere, set_aside FROM held(of_agent, of_sender, viewer) AS h;
  message_rows := together(ARRAY(
    SELECT m.seq FROM messages m WHERE m.recipient = of_agent AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)
      AND m.seq <> ALL (hidden) ORDER BY m.seq LIMIT most), alone);
  news_elsewhere := 0;
  IF with_tasks THEN
    task_rows := ARRAY(SELECT n FROM news_of(of_agent, viewer, CASE WHEN message_rows[1] = ANY (alone) THEN 0 ELSE most END) AS n);
    IF task_rows = '{}' THEN news_elsewhere := kept_news(of_agent, viewer); END IF;
  END IF;
  SELECT s.messages, s.tasks, s.remaining INTO message_rows, task_rows, remaining FROM shown(
    of_agent, message_rows, task_rows,
    count_unread(of_agent, of_sender, cardinality(hidden), 1000 + most), characters) AS s;
  IF is_whole THEN
    RETURN QUERY SELECT ROW (w.*)::message_records, NULL::task_records, waiting.remaining, waiting.elsewhere, waiting.news_elsewhere,
      waiting.set_aside, NULL::text[] FROM whole_messages w WHERE w.seq = ANY (message_rows) ORDER BY w.seq;
  ELSE
    RETURN QUERY SELECT r, NULL::task_records, waiting.remaining, waiting.elsewhere, waiting.news_elsewhere, waiting.set_aside, NULL::text[]
      FROM message_records r WHERE r.seq = ANY (message_rows) ORDER BY r.seq;
  END IF;
  RETURN QUERY SELECT NULL::message_records, r, waiting.remaining, waiting.elsewhere, waiting.news_elsewhere, waiting.set_aside, NULL::text[]
    FROM task_records r WHERE r.seq = ANY (task_rows) ORDER BY r.seq;
  IF message_rows = '{}' AND task_rows = '{}' THEN RETURN NEXT; END IF;
END
$$;

-- Shows what take would take; gives back what expired leases hold first.
CREATE OR REPLACE FUNCTION look(
  agent text, process text, dead text[], alive text[], of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean,
  viewer jsonb
) RETURNS TABLE (
  message message_records, task task_records, remaining bigint, elsewhere bigint, news_elsewhere bigint, set_aside bigint, to_check text[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  to_check := check_leases(me, process, dead, alive);
  -- A statement of its own, which sees what the leases gave back.
  to_check := to_check || sessions_to_check(me, process, viewer);
  IF to_check <> '{}' THEN
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM waiting(me, of_sender, with_tasks, most, characters, is_whole, viewer);
END
$$;
COMMENT ON FUNCTION look IS 'For programs: what waits for an agent, without taking it.';

CREATE OR REPLACE FUNCTION inbox(agent text, most bigint DEFAULT 50) RETURNS SETOF message_records
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  RETURN QUERY SELECT * FROM message_records r WHERE r.recipient = me AND COALESCE(r.read, 0) = 0 ORDER BY r.seq LIMIT most;
END
$$;
COMMENT ON FUNCTION inbox IS 'The unread messages of an agent, the oldest first. Example: SELECT * FROM inbox(''cowork'')';

CREATE OR REPLACE FUNCTION set_aside(agent text) RETURNS SETOF message_records
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  RETURN QUERY SELECT r.* FROM message_records r
    WHERE r.seq = ANY (ARRAY(SELECT h.seq FROM held(me, NULL, '{}') AS h WHERE h.is_set_aside)) ORDER BY r.seq;
END
$$;
COMMENT ON FUNCTION set_aside IS 'The messages of an agent that are delivered no more, because their leases expired again and again.';

CREATE OR REPLACE FUNCTION deliver_again(agent text, message_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  me text := acting_agent(agent);
  wanted text := id_of_message(me, deliver_again.message_id, true, 'id');
  is_back boolean;
BEGIN
  UPDATE message_details d SET expiries = 0 FROM messages m
    WHERE m.id = wanted AND m.recipient = me AND COALESCE(m.read, 0) = 0 AND d.message_id = m.id AND d.expiries >= 5;
  is_back := FOUND;
  IF is_back THEN PERFORM pg_notify(channel_of(workspace(), me), 'messages'); END IF;
  RETURN is_back;
END
$$;
COMMENT ON FUNCTION deliver_again IS 'Returns a message that was set aside to the inbox.';

-- The message that the agent sent or received with this id, or the only one whose id begins so.
CREATE OR REPLACE FUNCTION message(agent text, message_id text) RETURNS SETOF message_records
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  wanted text := id_of_message(acting_agent(agent), message.message_id, true, 'id');
BEGIN
  RETURN QUERY SELECT r.* FROM message_records r WHERE r.id = wanted;
END
$$;
COMMENT ON FUNCTION message IS 'A message that an agent sent or received.';
