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
CREATE OR REPLACE FUNCTION news_of(wanted text, most bigint DEFAULT NULL) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN QUERY SELECT n.seq FROM (
    (SELECT d.seq FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = wanted ORDER BY d.seq LIMIT most)
    UNION
    (SELECT d.seq FROM task_details d WHERE d.creator_news = 1 AND d.creator = wanted ORDER BY d.seq LIMIT most)
    UNION
    SELECT b FROM bypassed_tasks(wanted, false) AS b
  ) AS n ORDER BY n.seq LIMIT most;
END
$$;

CREATE OR REPLACE FUNCTION unread(agent text, OUT messages bigint, OUT tasks bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  SELECT count(*) INTO messages FROM messages m WHERE m.recipient = me AND COALESCE(m.read, 0) = 0;
  tasks := (SELECT count(*) FROM task_details d WHERE d.assignee_news = 1 AND d.assignee = me)
    + (SELECT count(*) FROM task_details d WHERE d.creator_news = 1 AND d.creator = me AND NOT (d.assignee_news = 1 AND d.assignee IS NOT DISTINCT FROM me))
    + (SELECT count(*) FROM bypassed_tasks(me, false));
END
$$;
COMMENT ON FUNCTION unread IS 'How many messages and tasks wait for an agent.';

-- Sends a message. With an id that the agent has used, or its key, nothing is sent, and the message that was is returned.
CREATE OR REPLACE FUNCTION send(
  sender text, recipient text, content text, reply_to text DEFAULT NULL, task_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
  message_id text DEFAULT NULL, presence double precision DEFAULT 30
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
BEGIN
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
      INSERT INTO message_details (message_id, sender, recipient, reply_to, task_id, idempotency_key)
        VALUES (wanted, me, send.recipient, send.reply_to, send.task_id, send.idempotency_key)
        ON CONFLICT (message_id) DO UPDATE SET sender = excluded.sender, recipient = excluded.recipient, reply_to = excluded.reply_to,
          task_id = excluded.task_id,
          idempotency_key = excluded.idempotency_key, read_at = NULL, redelivered = 0;
    ELSIF NOT is_new THEN
      SELECT m.id, m.created_at, m.recipient, m.content INTO send.id, send.created_at, earlier_recipient, earlier_content
        FROM messages m WHERE m.id = wanted AND m.sender = me;
      IF send.id IS NULL THEN PERFORM refuse('CW409', format('another message has the id "%s" already', wanted)); END IF;
    END IF;
  END IF;
  processes := processes_of(send.recipient, presence);
  SELECT u.messages, u.tasks INTO unread_messages, unread_tasks FROM unread(me) AS u;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION send IS 'Sends a message, and says what waits for its sender. Example: SELECT send(''code'', ''cowork'', ''Hello'')';

-- Sends a message to every other agent, with the given ids in any order. A repeat with these ids sends to those that have none of them.
CREATE OR REPLACE FUNCTION send_to_all(
  sender text, content text, reply_to text DEFAULT NULL, task_id text DEFAULT NULL, idempotency_key text DEFAULT NULL,
  message_ids text[] DEFAULT NULL, presence double precision DEFAULT 30
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
    WHERE k.name <> me AND k.name ~ '^[a-z0-9][a-z0-9._-]{0,62}$' ORDER BY k.name COLLATE "C");
  sent_ids text[];
  sent_names text[];
  item text;
BEGIN
  IF cardinality(names) > cardinality(ids) OR cardinality(names) > 100 THEN
    PERFORM refuse('CW413', cardinality(names)::text);
  END IF;
  SELECT COALESCE(array_agg(m.id), '{}'), COALESCE(array_agg(m.recipient), '{}') INTO sent_ids, sent_names
    FROM messages m WHERE m.id = ANY (ids) AND m.sender = me;
  -- All are sent, or none.
  SELECT m.id INTO item FROM message_details d JOIN messages m ON m.id = d.message_id
    WHERE d.sender = me AND d.idempotency_key = send_to_all.idempotency_key AND d.recipient = ANY (names)
      AND m.content IS DISTINCT FROM send_to_all.content AND m.id <> ALL (ids) LIMIT 1;
  IF item IS NOT NULL THEN PERFORM refuse('CW412', item, send_to_all.idempotency_key); END IF;
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
        send_to_all.presence) AS s;
  END LOOP;
END
$$;
COMMENT ON FUNCTION send_to_all IS 'Sends a message to every other agent, at most 100. Example: SELECT send_to_all(''code'', ''Hello'')';

-- What is shown of these messages and news, as much as fits into so many characters.
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
  remaining := greatest(unread_count - cardinality(messages), 0);
  tasks := '{}';
  IF task_rows = '{}' THEN RETURN; END IF;
  IF messages <> '{}' THEN SELECT sum(cost_of(r)) INTO spent FROM message_records r WHERE r.seq = ANY (messages); END IF;
  tasks := fitting_tasks(task_rows, greatest(characters - spent, 0), messages = '{}');
END
$$;

-- Takes what waits for an agent, under a lease: it counts as read once the lease is confirmed. A repeated lease returns what it holds.
--
-- Takes nothing while there are leases of processes on the caller's host that it has not named as dead or alive: the last column names
-- them. Looks at few rows of tables that may be large: never at all of them.
CREATE OR REPLACE FUNCTION take(
  agent text, lease text, instance text, process text, seconds double precision, dead text[], alive text[], is_repeated boolean,
  of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean
) RETURNS TABLE (message message_records, task task_records, remaining bigint, to_check text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
  message_rows bigint[];
  task_rows bigint[] := '{}';
BEGIN
  IF octet_length(lease) NOT BETWEEN 1 AND 200 OR octet_length(instance) NOT BETWEEN 1 AND 400 OR octet_length(process) > 400 THEN
    PERFORM refuse('CW400', 'lease has 1 to 200 bytes, instance 1 to 400, and process at most 400');
  END IF;
  PERFORM end_dead_leases(me, dead);
  to_check := leases_to_check(me, process, alive);
  IF to_check <> '{}' THEN
    RETURN NEXT;
    RETURN;
  END IF;
  IF is_repeated AND has_begun(me, lease, instance, process, seconds) THEN
    message_rows := ARRAY(SELECT i.seq FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.lease = take.lease AND l.agent = me AND i.kind = 'message');
    task_rows := ARRAY(SELECT DISTINCT i.seq FROM lease_items i JOIN leases l ON l.id = i.lease
      WHERE i.lease = take.lease AND l.agent = me AND i.kind <> 'message');
    remaining := 0;
  ELSE
    -- Passes over rows that another reader is taking: without that, two would get the same ones.
    SELECT ARRAY(
        SELECT m.seq FROM messages m WHERE m.recipient = me AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)
        ORDER BY m.seq LIMIT most FOR UPDATE SKIP LOCKED),
      (SELECT count(*) FROM messages m WHERE m.recipient = me AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender))
      INTO message_rows, remaining;
    IF with_tasks THEN
      task_rows := ARRAY(SELECT n FROM news_of(me, most) AS n);
      IF task_rows <> '{}' THEN task_rows := lock_news(me, task_rows); END IF;
    END IF;
    SELECT s.messages, s.tasks, s.remaining INTO message_rows, task_rows, remaining
      FROM shown(me, message_rows, task_rows, take.remaining, characters) AS s;
    IF message_rows <> '{}' OR task_rows <> '{}' THEN
      PERFORM lease_rows(me, lease, instance, process, seconds, message_rows, task_rows, is_repeated);
    ELSIF is_repeated THEN
      PERFORM end_leases(ARRAY[lease], false);
    END IF;
  END IF;
  IF is_whole THEN
    RETURN QUERY SELECT ROW (w.*)::message_records, NULL::task_records, take.remaining, NULL::text[]
      FROM whole_messages w WHERE w.seq = ANY (message_rows) ORDER BY w.seq;
  ELSE
    RETURN QUERY SELECT r, NULL::task_records, take.remaining, NULL::text[] FROM message_records r WHERE r.seq = ANY (message_rows) ORDER BY r.seq;
  END IF;
  RETURN QUERY SELECT NULL::message_records, r, take.remaining, NULL::text[] FROM task_records r WHERE r.seq = ANY (task_rows) ORDER BY r.seq;
  IF message_rows = '{}' AND task_rows = '{}' THEN RETURN NEXT; END IF;
END
$$;
COMMENT ON FUNCTION take IS 'For programs: takes what waits for an agent, under a lease.';

-- What waits for an agent, in one state of the tables.
CREATE OR REPLACE FUNCTION waiting(of_agent text, of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean)
RETURNS TABLE (message message_records, task task_records, remaining bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  item record;
BEGIN
  SELECT s.* INTO item FROM shown(
    of_agent,
    ARRAY(
      SELECT m.seq FROM messages m WHERE m.recipient = of_agent AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)
      ORDER BY m.seq LIMIT most),
    CASE WHEN with_tasks THEN ARRAY(SELECT n FROM news_of(of_agent, most) AS n) ELSE '{}' END,
    (SELECT count(*) FROM messages m WHERE m.recipient = of_agent AND COALESCE(m.read, 0) = 0 AND (of_sender IS NULL OR m.sender = of_sender)),
    characters) AS s;
  IF is_whole THEN
    RETURN QUERY SELECT ROW (w.*)::message_records, NULL::task_records, item.remaining
      FROM whole_messages w WHERE w.seq = ANY (item.messages) ORDER BY w.seq;
  ELSE
    RETURN QUERY SELECT r, NULL::task_records, item.remaining FROM message_records r WHERE r.seq = ANY (item.messages) ORDER BY r.seq;
  END IF;
  RETURN QUERY SELECT NULL::message_records, r, item.remaining FROM task_records r WHERE r.seq = ANY (item.tasks) ORDER BY r.seq;
END
$$;

-- Shows what take would take; gives back what expired leases hold first.
CREATE OR REPLACE FUNCTION look(
  agent text, process text, dead text[], alive text[], of_sender text, with_tasks boolean, most bigint, characters bigint, is_whole boolean
) RETURNS TABLE (message message_records, task task_records, remaining bigint, to_check text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off
AS $$
DECLARE
  me text := acting_agent(agent);
BEGIN
  PERFORM end_dead_leases(me, dead);
  to_check := leases_to_check(me, process, alive);
  IF to_check <> '{}' THEN
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY SELECT w.message, w.task, w.remaining, NULL::text[] FROM waiting(me, of_sender, with_tasks, most, characters, is_whole) AS w;
  IF NOT FOUND THEN RETURN NEXT; END IF;
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
