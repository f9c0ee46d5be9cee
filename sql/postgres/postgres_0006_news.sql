-- Whose news a task is, so that an agent finds its own by an index. By hand: psql -v schema=cowork_bridge -1 -f postgres_0006_news.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- NULL where a task of an earlier version is news for nobody. seq is that of the task.
ALTER TABLE task_details ADD COLUMN seq bigint, ADD COLUMN assignee text, ADD COLUMN creator text;
UPDATE task_details d SET seq = t.seq, assignee = t.recipient, creator = t.sender FROM tasks t
  WHERE t.id = d.task_id AND (d.assignee_news = 1 OR d.creator_news = 1);
DROP INDEX task_details_for_assignee, task_details_for_creator;
CREATE INDEX task_details_for_assignee ON task_details (assignee, seq) WHERE assignee_news = 1;
CREATE INDEX task_details_for_creator ON task_details (creator, seq) WHERE creator_news = 1;
DROP FUNCTION IF EXISTS news_of(text);

-- Open tasks of each side in the order of their creation. The planner knows how rare these statuses are, unlike the values of a function.
DROP INDEX tasks_open;
CREATE INDEX tasks_open_of_recipient ON tasks (recipient, seq) WHERE status IS DISTINCT FROM 'completed' AND status IS DISTINCT FROM 'failed';
CREATE INDEX tasks_open_of_sender ON tasks (sender, seq) WHERE status IS DISTINCT FROM 'completed' AND status IS DISTINCT FROM 'failed';

-- News of a task whose details do not name its sides yet.
CREATE FUNCTION name_sides() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  SELECT t.seq, t.recipient, t.sender INTO NEW.seq, NEW.assignee, NEW.creator FROM tasks t WHERE t.id = NEW.task_id;
  RETURN NEW;
END
$$;
CREATE TRIGGER name_sides BEFORE INSERT OR UPDATE ON task_details FOR EACH ROW
  WHEN (NEW.seq IS NULL AND (NEW.assignee_news = 1 OR NEW.creator_news = 1)) EXECUTE FUNCTION name_sides();

CREATE OR REPLACE FUNCTION task_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  IF NEW.id IS NOT NULL THEN
    INSERT INTO task_details (task_id, sender, assignee_news, seq, assignee, creator)
      VALUES (NEW.id, NEW.sender, CASE WHEN COALESCE(NEW.status, '') IN ('completed', 'failed') THEN 0 ELSE 1 END,
        NEW.seq, NEW.recipient, NEW.sender)
      ON CONFLICT (task_id) DO UPDATE SET sender = excluded.sender, assignee_news = excluded.assignee_news,
        creator_news = 1 - excluded.assignee_news, seq = excluded.seq, assignee = excluded.assignee, creator = excluded.creator,
        idempotency_key = NULL, holder = NULL, holder_process = NULL, held_until = NULL;
    INSERT INTO task_events (task_id, from_status, to_status) VALUES (NEW.id, NULL, NEW.status);
  END IF;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, NEW.recipient), 'tasks') WHERE NEW.recipient IS NOT NULL;
  RETURN NULL;
END
$$;

-- A task that a person gives to another agent is news for that one, and nobody's claim.
CREATE FUNCTION task_given() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET seq = NEW.seq, assignee = NEW.recipient, creator = NEW.sender WHERE d.task_id = NEW.id;
  IF NEW.recipient IS DISTINCT FROM OLD.recipient THEN
    UPDATE task_details d SET holder = NULL, holder_process = NULL, held_until = NULL,
      assignee_news = CASE WHEN COALESCE(NEW.status, '') IN ('completed', 'failed') THEN 0 ELSE 1 END WHERE d.task_id = NEW.id;
    PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, NEW.recipient), 'tasks') WHERE NEW.recipient IS NOT NULL;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER task_given AFTER UPDATE OF sender, recipient ON tasks FOR EACH ROW
  WHEN (NEW.recipient IS DISTINCT FROM OLD.recipient OR NEW.sender IS DISTINCT FROM OLD.sender) EXECUTE FUNCTION task_given();

CREATE FUNCTION tasks_removed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  DELETE FROM task_details d USING removed WHERE d.task_id = removed.id;
  RETURN NULL;
END
$$;
CREATE TRIGGER tasks_removed AFTER DELETE ON tasks
  REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION tasks_removed();

INSERT INTO bridge_schema (version) VALUES (6);
