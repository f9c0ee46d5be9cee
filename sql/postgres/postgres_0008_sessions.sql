-- Sessions: the client processes that instances belong to. By hand: psql -v schema=cowork_bridge -1 -f postgres_0008_sessions.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- The ids of what a session sends and creates end with its stamp and two digits for the instance. process is empty where nobody can tell
-- whether it runs.
CREATE TABLE sessions (
  agent text NOT NULL,
  stamp text NOT NULL,
  name text NOT NULL,
  process text NOT NULL,
  client text,
  last_seen timestamptz NOT NULL,
  has_ended boolean NOT NULL DEFAULT false,
  PRIMARY KEY (agent, stamp)
);

-- A reply is kept for the instance that asked, by its stamp, and for its session, until a time. expiries counts the leases that expired.
ALTER TABLE message_details ADD COLUMN recipient text, ADD COLUMN kept_for text, ADD COLUMN kept_until timestamptz,
  ADD COLUMN expiries integer NOT NULL DEFAULT 0;
CREATE INDEX message_details_held ON message_details (recipient) WHERE kept_for IS NOT NULL OR expiries >= 3;
CREATE INDEX message_details_reply ON message_details (reply_to) WHERE reply_to IS NOT NULL;

-- Details that were written without the recipient, by archives and where a lease expired.
CREATE FUNCTION name_recipient() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  SELECT m.recipient INTO NEW.recipient FROM messages m WHERE m.id = NEW.message_id;
  RETURN NEW;
END
$$;
CREATE TRIGGER name_recipient BEFORE INSERT OR UPDATE ON message_details FOR EACH ROW
  WHEN (NEW.recipient IS NULL AND (NEW.idempotency_key IS NOT NULL OR NEW.expiries > 0)) EXECUTE FUNCTION name_recipient();

-- An idempotency key is unique for each recipient.
UPDATE message_details d SET recipient = m.recipient FROM messages m WHERE m.id = d.message_id AND d.idempotency_key IS NOT NULL;
DROP INDEX message_details_key;
CREATE UNIQUE INDEX message_details_key ON message_details (sender, idempotency_key, recipient) WHERE idempotency_key IS NOT NULL;

-- An id is found by its beginning too, in every collation.
DROP INDEX messages_by_lower_id, tasks_by_lower_id;
CREATE INDEX messages_by_lower_id ON messages (lower(id) text_pattern_ops);
CREATE INDEX tasks_by_lower_id ON tasks (lower(id) text_pattern_ops);

-- The session of the last holder, and when the task last became news: news is kept for a session.
ALTER TABLE task_details ADD COLUMN holder_session text, ADD COLUMN news_at timestamptz;
CREATE INDEX task_details_recent_of_assignee ON task_details (assignee, news_at) WHERE assignee_news = 1 AND news_at IS NOT NULL;
CREATE INDEX task_details_recent_of_creator ON task_details (creator, news_at) WHERE creator_news = 1 AND news_at IS NOT NULL;
DROP TRIGGER event_recorded ON task_events;
CREATE OR REPLACE FUNCTION event_recorded() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET news_at = NEW.at,
    open_status = CASE WHEN COALESCE(NEW.to_status, '') NOT IN ('completed', 'failed') THEN COALESCE(NEW.to_status, '') END
    WHERE d.task_id = NEW.task_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER event_recorded AFTER INSERT ON task_events FOR EACH ROW EXECUTE FUNCTION event_recorded();

CREATE OR REPLACE FUNCTION task_given() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET seq = NEW.seq, assignee = NEW.recipient, creator = NEW.sender WHERE d.task_id = NEW.id;
  IF NEW.recipient IS DISTINCT FROM OLD.recipient THEN
    UPDATE task_details d SET holder = NULL, holder_process = NULL, holder_session = NULL, held_until = NULL,
      assignee_news = CASE WHEN COALESCE(NEW.status, '') IN ('completed', 'failed') THEN 0 ELSE 1 END WHERE d.task_id = NEW.id;
    PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, NEW.recipient), 'tasks') WHERE NEW.recipient IS NOT NULL;
  END IF;
  RETURN NULL;
END
$$;

-- Functions that take or return other values now.
DO $$
DECLARE
  changed regprocedure;
BEGIN
  FOR changed IN SELECT oid FROM pg_proc WHERE pronamespace = quote_ident(current_schema())::regnamespace AND proname IN (
    'send', 'take', 'look', 'shown', 'waiting', 'unread', 'news_of', 'lock_news', 'lease_rows', 'inbox', 'tasks', 'tasks_2', 'task', 'task_state',
    'change_task', 'create_task', 'heartbeat', 'sign_off', 'agents', 'agents_2', 'undo')
  LOOP EXECUTE format('DROP FUNCTION %s', changed); END LOOP;
END
$$;

INSERT INTO bridge_schema (version) VALUES (8);
