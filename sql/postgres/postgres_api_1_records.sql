-- What is shown of a message and of a task. Columns may be added at the end; programs select them by name. OFFSET 0 has details looked up for each
-- row that is asked for: a plan that was made while there were few would read all of them, and is kept.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- A text of more than 4 MiB, which only a hand can write, is shown by its first 50,000 characters; size tells its bytes.
CREATE OR REPLACE VIEW message_records AS
SELECT m.seq, m.id, m.sender, m.recipient,
  CASE WHEN octet_length(m.content) > 4194304 THEN substr(m.content, 1, 50000) ELSE m.content END AS content, m.read, m.created_at, d.reply_to,
  d.task_id, to_char(d.read_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS read_at, COALESCE(d.redelivered, 0) AS redelivered,
  CASE WHEN octet_length(m.content) > 4194304 THEN octet_length(m.content) END AS size
FROM messages m LEFT JOIN LATERAL (SELECT * FROM message_details x WHERE x.message_id = m.id OFFSET 0) AS d ON true;
COMMENT ON VIEW message_records IS 'Messages with their details, as agents see them.';

-- The same columns with every text whole.
CREATE OR REPLACE VIEW whole_messages AS
SELECT r.seq, r.id, r.sender, r.recipient, m.content, r.read, r.created_at, r.reply_to, r.task_id, r.read_at, r.redelivered, NULL::integer AS size
FROM message_records r JOIN messages m USING (seq);
COMMENT ON VIEW whole_messages IS 'Messages with their details, as people see them.';

CREATE OR REPLACE VIEW event_records AS
SELECT e.seq, e.task_id, t.title, t.sender, t.recipient, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, e.actor,
  e.from_status, e.to_status, e.note, extract(epoch FROM e.at)::double precision AS seconds
FROM task_events e LEFT JOIN tasks t ON t.id = e.task_id;
COMMENT ON VIEW event_records IS 'Changes of tasks, with what tells the tasks.';

-- expired: the holder has sent no heartbeat for as long as a claim lasts, or the clock was set back since: a claim is 10 minutes at most.
CREATE OR REPLACE VIEW task_records AS
SELECT t.seq, t.id, t.sender, t.recipient, CASE WHEN octet_length(t.title) > 4194304 THEN substr(t.title, 1, 50000) ELSE t.title END AS title,
  CASE WHEN octet_length(t.description) > 4194304 THEN substr(t.description, 1, 50000) ELSE t.description END AS description,
  t.status, t.created_at, t.updated_at,
  CASE WHEN octet_length(t.result) > 4194304 THEN substr(t.result, 1, 50000) ELSE t.result END AS result,
  d.holder, d.holder_process,
  COALESCE(d.held_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '11 minutes', false) AS expired,
  d.assignee_news, d.creator_news,
  CASE WHEN greatest(octet_length(t.title), octet_length(t.description), octet_length(t.result)) > 4194304
    THEN COALESCE(octet_length(t.title), 0) + COALESCE(octet_length(t.description), 0) + COALESCE(octet_length(t.result), 0) END AS size,
  d.holder_session
FROM tasks t LEFT JOIN LATERAL (SELECT * FROM task_details x WHERE x.task_id = t.id OFFSET 0) AS d ON true;
COMMENT ON VIEW task_records IS 'Tasks with their details, as agents see them.';

CREATE OR REPLACE VIEW whole_tasks AS
SELECT r.seq, r.id, r.sender, r.recipient, t.title, t.description, r.status, r.created_at, r.updated_at, t.result, r.holder, r.holder_process,
  r.expired, r.assignee_news, r.creator_news, NULL::integer AS size, r.holder_session
FROM task_records r JOIN tasks t USING (seq);
COMMENT ON VIEW whole_tasks IS 'Tasks with their details, as people see them.';

-- The least number of characters of a text that is shown, which its length in bytes tells without reading it: a character has at most four.
CREATE OR REPLACE FUNCTION least_characters(bytes integer) RETURNS integer
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN CASE WHEN bytes > 4194304 THEN 50000 ELSE COALESCE(bytes, 0) / 4 END;
END
$$;

-- What a record takes of a reply: its characters and a constant. The program counts in the same way.
CREATE OR REPLACE FUNCTION cost_of(record message_records) RETURNS integer
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN 260 + char_length(concat(
    record.id, record.sender, record.recipient, record.content, record.created_at, record.reply_to, record.task_id, record.read_at));
END
$$;

CREATE OR REPLACE FUNCTION cost_of(record task_records) RETURNS integer
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  RETURN 300 + char_length(concat(
    record.id, record.sender, record.recipient, record.title, record.description, record.status, record.created_at, record.updated_at,
    record.result, CASE WHEN record.status = 'in_progress' THEN record.holder END));
END
$$;

-- The first of these messages that fit into so many characters; always at least one. A join with the view would read all of it, and a list
-- of rows is read by the index.
CREATE OR REPLACE FUNCTION fitting_messages(given bigint[], characters bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  near bigint[];
BEGIN
  IF cardinality(given) < 2 THEN RETURN given; END IF;
  near := ARRAY(
    SELECT seq FROM (
      SELECT m.seq, g.number, sum(260 + least_characters(octet_length(m.content))) OVER (ORDER BY g.number)
        - (260 + least_characters(octet_length(m.content))) AS before
      FROM unnest(given) WITH ORDINALITY AS g (seq, number) JOIN messages m USING (seq)
    ) AS sizes WHERE before <= characters ORDER BY number);
  RETURN (SELECT COALESCE(array_agg(seq ORDER BY number), '{}') FROM (
    SELECT seq, number, sum(cost) OVER (ORDER BY number) AS total FROM (
      SELECT r.seq, array_position(near, r.seq) AS number, cost_of(r) AS cost FROM message_records r WHERE r.seq = ANY (near)
    ) AS costs
  ) AS totals WHERE number = 1 OR total <= characters);
END
$$;

-- The same for tasks. The first one need not fit if the reply is empty without it.
CREATE OR REPLACE FUNCTION fitting_tasks(given bigint[], characters bigint, is_first boolean) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  near bigint[] := ARRAY(
    SELECT seq FROM (
      SELECT t.seq, g.number,
        sum(300 + least_characters(octet_length(t.description)) + least_characters(octet_length(t.result))) OVER (ORDER BY g.number)
          - (300 + least_characters(octet_length(t.description)) + least_characters(octet_length(t.result))) AS before
      FROM unnest(given) WITH ORDINALITY AS g (seq, number) JOIN tasks t USING (seq)
    ) AS sizes WHERE before <= characters ORDER BY number);
BEGIN
  RETURN (SELECT COALESCE(array_agg(seq ORDER BY number), '{}') FROM (
    SELECT seq, number, sum(cost) OVER (ORDER BY number) AS total FROM (
      SELECT r.seq, array_position(near, r.seq) AS number, cost_of(r) AS cost FROM task_records r WHERE r.seq = ANY (near)
    ) AS costs
  ) AS totals WHERE (is_first AND number = 1) OR total <= characters);
END
$$;
