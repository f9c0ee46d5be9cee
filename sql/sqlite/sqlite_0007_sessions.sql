-- Sessions: the client processes that instances belong to. The ids of what a session sends and creates end with its stamp and two digits
-- for the instance. process is empty where nobody can tell whether it runs.
CREATE TABLE sessions (
  agent TEXT NOT NULL,
  stamp TEXT NOT NULL,
  name TEXT NOT NULL,
  process TEXT NOT NULL,
  client TEXT,
  last_seen TEXT NOT NULL,
  has_ended INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (agent, stamp)
) WITHOUT ROWID;
CREATE INDEX instances_by_agent ON instances (agent);

-- A reply is kept for the instance that asked, by its stamp, and for its session, until a time. expiries counts the leases that expired.
ALTER TABLE message_details ADD COLUMN recipient TEXT;
ALTER TABLE message_details ADD COLUMN kept_for TEXT;
ALTER TABLE message_details ADD COLUMN kept_until TEXT;
ALTER TABLE message_details ADD COLUMN expiries INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_details_held ON message_details (recipient) WHERE kept_for IS NOT NULL OR expiries >= 3;
CREATE INDEX message_details_reply ON message_details (reply_to) WHERE reply_to IS NOT NULL;

-- Details that were written without the recipient, by earlier versions, by archives, and where a lease expired.
CREATE TRIGGER message_details_inserted AFTER INSERT ON message_details
WHEN NEW.recipient IS NULL AND (NEW.idempotency_key IS NOT NULL OR NEW.expiries > 0) BEGIN
  UPDATE message_details SET recipient = (SELECT m.recipient FROM messages m WHERE m.id = NEW.message_id) WHERE message_id = NEW.message_id;
END;
CREATE TRIGGER message_details_expired AFTER UPDATE OF expiries ON message_details WHEN NEW.recipient IS NULL BEGIN
  UPDATE message_details SET recipient = (SELECT m.recipient FROM messages m WHERE m.id = NEW.message_id) WHERE message_id = NEW.message_id;
END;

-- An idempotency key is unique for each recipient.
UPDATE message_details SET recipient = (SELECT m.recipient FROM messages m WHERE m.id = message_id) WHERE idempotency_key IS NOT NULL;
DROP INDEX message_details_key;
CREATE UNIQUE INDEX message_details_key ON message_details (sender, idempotency_key, recipient) WHERE idempotency_key IS NOT NULL;

-- The session of the last holder, and when the task last became news: news is kept for a session.
ALTER TABLE task_details ADD COLUMN holder_session TEXT;
ALTER TABLE task_details ADD COLUMN news_at TEXT;
CREATE INDEX task_details_recent_of_assignee ON task_details (assignee, news_at) WHERE assignee_news = 1 AND news_at IS NOT NULL;
CREATE INDEX task_details_recent_of_creator ON task_details (creator, news_at) WHERE creator_news = 1 AND news_at IS NOT NULL;
CREATE TRIGGER event_recorded AFTER INSERT ON task_events BEGIN
  UPDATE task_details SET news_at = NEW.at WHERE task_id = NEW.task_id;
END;
CREATE TRIGGER task_handed_over AFTER UPDATE OF recipient ON tasks WHEN NEW.recipient IS NOT OLD.recipient BEGIN
  UPDATE task_details SET holder_session = NULL WHERE task_id = NEW.id;
END;
