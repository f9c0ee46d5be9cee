-- Stores of the worst shapes. By hand: psql -v schema=cowork_bridge -1 -f postgres_0009_shapes.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- New words wait in a list that each search reads, and which one insert empties once it is full. The usual 4 MB are 40 times what a search reads
-- besides, and that insert would take a second.
ALTER INDEX messages_words SET (gin_pending_list_limit = 256);

-- Once for each statement: many events of a task come together when it is copied, and each row would change the same row of the task again.
DROP TRIGGER event_recorded ON task_events;
CREATE OR REPLACE FUNCTION event_recorded() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, :"schema", pg_temp
AS $$
BEGIN
  UPDATE task_details d SET news_at = last.at,
    open_status = CASE WHEN COALESCE(last.to_status, '') NOT IN ('completed', 'failed') THEN COALESCE(last.to_status, '') END
    FROM (SELECT DISTINCT ON (e.task_id) e.task_id, e.at, e.to_status FROM recorded e ORDER BY e.task_id, e.seq DESC) AS last
    WHERE d.task_id = last.task_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER event_recorded AFTER INSERT ON task_events REFERENCING NEW TABLE AS recorded FOR EACH STATEMENT
  EXECUTE FUNCTION event_recorded();

INSERT INTO bridge_schema (version) VALUES (9);
