-- Whose news a task is, so that an agent finds its own by an index. NULL where a task of an earlier version is news for nobody.
ALTER TABLE task_details ADD COLUMN assignee TEXT;
ALTER TABLE task_details ADD COLUMN creator TEXT;
UPDATE task_details SET (assignee, creator) = (SELECT t.recipient, t.sender FROM tasks t WHERE t.id = task_id)
  WHERE assignee_news = 1 OR creator_news = 1;
DROP INDEX task_details_for_assignee;
DROP INDEX task_details_for_creator;
CREATE INDEX task_details_for_assignee ON task_details (assignee, assignee_news) WHERE assignee_news = 1;
CREATE INDEX task_details_for_creator ON task_details (creator, creator_news) WHERE creator_news = 1;

-- Open tasks of each side in the order of their creation; tasks_open counts them.
CREATE INDEX tasks_open_of_recipient ON tasks (recipient) WHERE COALESCE(status, '') NOT IN ('completed', 'failed');
CREATE INDEX tasks_open_of_sender ON tasks (sender) WHERE COALESCE(status, '') NOT IN ('completed', 'failed');

-- Details that were written without names, by earlier versions and by archives.
CREATE TRIGGER task_details_inserted AFTER INSERT ON task_details WHEN NEW.assignee IS NULL BEGIN
  UPDATE task_details SET (assignee, creator) = (SELECT t.recipient, t.sender FROM tasks t WHERE t.id = NEW.task_id)
    WHERE task_id = NEW.task_id;
END;
CREATE TRIGGER task_details_updated AFTER UPDATE OF assignee_news, creator_news ON task_details
WHEN NEW.assignee IS NULL AND (NEW.assignee_news = 1 OR NEW.creator_news = 1) BEGIN
  UPDATE task_details SET (assignee, creator) = (SELECT t.recipient, t.sender FROM tasks t WHERE t.id = NEW.task_id)
    WHERE task_id = NEW.task_id;
END;

-- INSERT OR REPLACE fires no trigger for the row that it removes, so that details may be there.
DROP TRIGGER task_inserted;
CREATE TRIGGER task_inserted AFTER INSERT ON tasks WHEN NEW.id IS NOT NULL BEGIN
  UPDATE task_details SET sender = NEW.sender, assignee = NEW.recipient, creator = NEW.sender,
    assignee_news = COALESCE(NEW.status, '') NOT IN ('completed', 'failed'), creator_news = COALESCE(NEW.status, '') IN ('completed', 'failed'),
    idempotency_key = NULL, holder = NULL, holder_process = NULL, held_until = NULL
    WHERE task_id = NEW.id;
  INSERT INTO task_details (task_id, sender, assignee, creator, assignee_news)
    SELECT NEW.id, NEW.sender, NEW.recipient, NEW.sender, COALESCE(NEW.status, '') NOT IN ('completed', 'failed')
    WHERE NOT EXISTS (SELECT 1 FROM task_details WHERE task_id = NEW.id);
  INSERT INTO task_events (task_id, at, from_status, to_status)
    VALUES (NEW.id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), NULL, NEW.status);
END;

-- A task that a person gives to another agent is news for that one, and nobody's claim.
CREATE TRIGGER task_given AFTER UPDATE OF recipient ON tasks WHEN NEW.id IS NOT NULL AND NEW.recipient IS NOT OLD.recipient BEGIN
  UPDATE task_details SET assignee = NEW.recipient, creator = NEW.sender, holder = NULL, holder_process = NULL, held_until = NULL,
    assignee_news = COALESCE(NEW.status, '') NOT IN ('completed', 'failed')
    WHERE task_id = NEW.id;
END;
CREATE TRIGGER task_owned AFTER UPDATE OF sender ON tasks WHEN NEW.id IS NOT NULL AND NEW.sender IS NOT OLD.sender BEGIN
  UPDATE task_details SET assignee = NEW.recipient, creator = NEW.sender WHERE task_id = NEW.id;
END;

CREATE TRIGGER task_removed AFTER DELETE ON tasks WHEN OLD.id IS NOT NULL BEGIN
  DELETE FROM task_details WHERE task_id = OLD.id;
END;
