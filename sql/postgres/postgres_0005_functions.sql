-- Agents call functions instead of reading and writing tables: see the files postgres_api_*.sql, which are applied after the newest of
-- these numbered files. By hand: psql -v schema=cowork_bridge -1 -f postgres_0005_functions.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- The agent of a login. While the table is empty, every role that may call the functions acts for any agent.
CREATE TABLE IF NOT EXISTS agent_logins (
  login name PRIMARY KEY,
  agent text NOT NULL
);

CREATE INDEX leases_by_agent ON leases (agent);

-- The hardening of earlier versions has one whose parameter has another name, which cannot be replaced.
DROP FUNCTION IF EXISTS add_login(name, text);

-- A plan of PL/pgSQL is kept, and one of SQL is made at each call.
CREATE OR REPLACE FUNCTION channel_of(workspace text, agent text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN 'cowork_' || left(encode(sha256(convert_to(workspace || ' ' || agent, 'UTF8')), 'hex'), 24);
END
$$;

-- One notification for each recipient of a statement, and one for those that watch the whole workspace.
DROP TRIGGER something_happened ON messages;
CREATE OR REPLACE FUNCTION messages_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, recipient), 'messages')
    FROM (SELECT DISTINCT recipient FROM inserted WHERE recipient IS NOT NULL AND COALESCE(read, 0) = 0) AS recipients;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, ''), '');
  RETURN NULL;
END
$$;

-- A time in any usual format; NULL if it is none, or not in the years 1 to 9999.
CREATE OR REPLACE FUNCTION time_of(written text) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found timestamptz;
BEGIN
  found := CASE WHEN written ~ '([zZ]|[+-]\d\d(:?\d\d)?)$' AND written ~ '^\d{4}-\d\d-\d\d.*:' THEN written::timestamptz
    ELSE written::timestamp AT TIME ZONE 'UTC' END;
  RETURN CASE WHEN found >= '0001-01-01 00:00:00+00' AND found < '10000-01-01 00:00:00+00' THEN found END;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$$;

-- A task that was inserted while no trigger ran has no details yet.
CREATE OR REPLACE FUNCTION task_moved() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF NEW.id IS NOT NULL THEN
    INSERT INTO task_details AS d (task_id, sender, assignee_news, creator_news) VALUES (NEW.id, NEW.sender, 1, 1)
      ON CONFLICT (task_id) DO UPDATE
      SET creator_news = 1, assignee_news = CASE WHEN NEW.status IN ('completed', 'failed') THEN 1 ELSE d.assignee_news END;
    INSERT INTO task_events (task_id, from_status, to_status) VALUES (NEW.id, OLD.status, NEW.status);
  END IF;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, agent), 'tasks')
    FROM (SELECT DISTINCT agent FROM unnest(ARRAY[NEW.sender, NEW.recipient]) AS agent WHERE agent IS NOT NULL) AS sides;
  RETURN NULL;
END
$$;

-- The status of an open task that its history ends with. Where the task's own differs, no trigger ran when it was changed.
ALTER TABLE task_details ADD COLUMN open_status text;
UPDATE task_details d SET open_status = COALESCE(t.status, '') FROM tasks t
  WHERE t.id = d.task_id AND COALESCE(t.status, '') NOT IN ('completed', 'failed');
CREATE INDEX task_details_open ON task_details (task_id) WHERE open_status IS NOT NULL;

CREATE FUNCTION event_recorded() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET open_status = CASE WHEN COALESCE(NEW.to_status, '') NOT IN ('completed', 'failed') THEN COALESCE(NEW.to_status, '') END
    WHERE d.task_id = NEW.task_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER event_recorded AFTER INSERT ON task_events FOR EACH ROW
  WHEN (NEW.to_status IS DISTINCT FROM NEW.from_status OR NEW.to_status IS NULL) EXECUTE FUNCTION event_recorded();

-- The functions of triggers look for names in the catalogue first.
ALTER FUNCTION message_unread_again() SET search_path = pg_catalog, :"schema", pg_temp;
ALTER FUNCTION task_inserted() SET search_path = pg_catalog, :"schema", pg_temp;
ALTER FUNCTION something_happened() SET search_path = pg_catalog, :"schema", pg_temp;

INSERT INTO bridge_schema (version) VALUES (5);
