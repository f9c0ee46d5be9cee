-- Stores of the worst shapes. By hand: psql -v schema=cowork_bridge -1 -f postgres_0009_shapes.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- New words wait in a list that each search reads, and which one insert empties once it is full. The usual 4 MB are 40 times what a search reads
-- besides, and that insert would take a second.
ALTER INDEX messages_words SET (gin_pending_list_limit = 256);

INSERT INTO bridge_schema (version) VALUES (9);
