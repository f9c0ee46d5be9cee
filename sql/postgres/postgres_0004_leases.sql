-- By hand: psql -v schema=cowork_bridge -1 -f postgres_0004_leases.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Leases: what was taken, until its reply has left the process.
CREATE TABLE leases (
  id text PRIMARY KEY,
  agent text NOT NULL,
  instance text NOT NULL,
  process text NOT NULL,
  expires_at timestamptz NOT NULL
);

-- The items of a lease. kind is 'message', or the side of a task ('assignee', 'creator') whose news was taken; seq is that of the
-- documented table. No foreign key: the verbs delete both in one statement.
CREATE TABLE lease_items (
  lease text NOT NULL,
  kind text NOT NULL,
  seq bigint NOT NULL,
  PRIMARY KEY (lease, kind, seq)
);

INSERT INTO leases (id, agent, instance, process, expires_at) SELECT batch, agent, owner, process, expires_at FROM deliveries;
INSERT INTO lease_items (lease, kind, seq)
  SELECT batch, 'message', unnest(messages) FROM deliveries
  UNION SELECT batch, 'assignee', t.seq FROM deliveries JOIN tasks t ON t.id = ANY (assignee_tasks)
  UNION SELECT batch, 'creator', t.seq FROM deliveries JOIN tasks t ON t.id = ANY (creator_tasks);
DROP TABLE deliveries;

-- The flags say for which side a task is news.
ALTER TABLE task_details RENAME COLUMN assignee_unseen TO assignee_news;
ALTER TABLE task_details RENAME COLUMN creator_unseen TO creator_news;

CREATE OR REPLACE FUNCTION task_inserted() RETURNS trigger
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.id IS NOT NULL THEN
    INSERT INTO task_details (task_id, sender, assignee_news)
      VALUES (NEW.id, NEW.sender, CASE WHEN COALESCE(NEW.status, '') IN ('completed', 'failed') THEN 0 ELSE 1 END)
      ON CONFLICT (task_id) DO NOTHING;
    INSERT INTO task_events (task_id, from_status, to_status) VALUES (NEW.id, NULL, NEW.status);
  END IF;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, NEW.recipient), 'tasks') WHERE NEW.recipient IS NOT NULL;
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION task_moved() RETURNS trigger
LANGUAGE plpgsql SET search_path = :"schema", pg_catalog, pg_temp
AS $$
BEGIN
  IF NEW.id IS NOT NULL THEN
    UPDATE task_details
      SET creator_news = 1, assignee_news = CASE WHEN NEW.status IN ('completed', 'failed') THEN 1 ELSE assignee_news END
      WHERE task_id = NEW.id;
    INSERT INTO task_events (task_id, from_status, to_status) VALUES (NEW.id, OLD.status, NEW.status);
  END IF;
  PERFORM pg_notify(channel_of(TG_TABLE_SCHEMA, agent), 'tasks')
    FROM (SELECT DISTINCT agent FROM unnest(ARRAY[NEW.sender, NEW.recipient]) AS agent WHERE agent IS NOT NULL) AS sides;
  RETURN NULL;
END
$$;

INSERT INTO bridge_schema (version) VALUES (4);
