-- Functions that answer sooner. By hand: psql -v schema=cowork_bridge -1 -f postgres_0010_looks.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

INSERT INTO bridge_schema (version) VALUES (10);
