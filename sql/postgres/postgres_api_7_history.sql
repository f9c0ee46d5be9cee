-- An agent's history, or everybody's, newest first.
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- Whether a text, as it is folded, contains all of these.
CREATE OR REPLACE FUNCTION has_all(content text, wanted text[]) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  words text := folded(content);
BEGIN
  RETURN words IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unnest(wanted) AS part WHERE strpos(words, part) = 0);
END
$$;

-- The terms that the index has of each text with these words and runs, and of few others. Very short words are looked up only if there are
-- no others: most texts have them.
CREATE OR REPLACE FUNCTION index_query(tokens text[]) RETURNS tsquery
LANGUAGE sql STABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
  WITH terms AS (
    SELECT substr(token, place, 2) AS term, '' AS kind, true AS is_selective
      FROM unnest(tokens) AS token, generate_series(1, least(length(token) - 1, 8)) AS place WHERE token ~ unspaced()
    UNION
    SELECT left(token, 200), ':*', octet_length(token) > 2 FROM unnest(tokens) AS token WHERE length(token) = 1 OR token !~ unspaced()
  ), chosen AS (
    SELECT term, kind FROM terms WHERE is_selective OR NOT EXISTS (SELECT 1 FROM terms WHERE is_selective)
      ORDER BY octet_length(term) DESC LIMIT 8
  )
  SELECT string_agg(format('''%s''%s', term, kind), ' & ')::tsquery FROM chosen
$$;

-- agent: NULL for everybody, of whom with_agent is one side. words: the content contains each, as the beginning of a word, or anywhere in a script without spaces. literal: a text that the content contains. before: a message's id, or a time.
--
-- A search looks at the newest messages one after the other as long as they match now and then, and asks the text index for the rest: for a
-- frequent word the index would collect every occurrence. Conditions are written out for each call, so that each call has a plan of its own. A
-- table that has grown since it was analyzed looks small: its newest rows are found in the order of an index all the same, without a bitmap of
-- all of them, which the text index alone needs.
CREATE OR REPLACE FUNCTION history(
  agent text, words text[] DEFAULT '{}', literal text DEFAULT NULL, with_agent text DEFAULT NULL, about_task text DEFAULT NULL,
  before text DEFAULT NULL, most bigint DEFAULT 20, characters bigint DEFAULT 34000, is_whole boolean DEFAULT false
) RETURNS TABLE (message message_records, more boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, :"schema", pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
AS $$
#variable_conflict use_column
DECLARE
  reader text := acting_agent(agent);
  me text := COALESCE(reader, with_agent);
  sides text[] := CASE WHEN me IS NULL THEN ARRAY['true', 'false'] ELSE ARRAY['m.sender = $1', 'm.recipient = $1 AND m.sender IS DISTINCT FROM $1'] END;
  rest text := '';
  newest text;
  bound_id text;
  bound_row bigint;
  bound_time timestamptz;
  bound_text text;
  tokens text[];
  wanted text[];
  candidates bigint[] := '{}';
  given bigint[];
  looked bigint := 0;
  looked_bytes bigint := 0;
  least_cost bigint := 0;
  is_match boolean;
  item record;
  middle bigint;
  last_row bigint;
  ends bigint[];
BEGIN
  IF before IS NOT NULL THEN
    bound_time := CASE WHEN before LIKE '%-%' THEN time_of(before) END;
    bound_id := id_of_message(reader, before, bound_time IS NULL, 'before');
    SELECT m.seq INTO bound_row FROM messages m WHERE m.id = bound_id;
    IF bound_row IS NULL THEN
      IF bound_time IS NULL THEN PERFORM refuse('CW422', format('"%s" is neither the id of a message nor a time', left(before, 80))); END IF;
      bound_text := to_char(bound_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
      -- Times in the form that programs write are compared as texts.
      rest := rest || ' AND CASE WHEN length(m.created_at) = 24 AND m.created_at LIKE ''____-__-__T__:__:__.___Z'' THEN m.created_at COLLATE "C" < $6 '
        'ELSE time_of(m.created_at) < $5 END';
    ELSE
      rest := rest || ' AND m.seq < $4';
    END IF;
  END IF;
  IF with_agent IS NOT NULL AND reader IS NOT NULL THEN
    sides := ARRAY['m.sender = $1 AND m.recipient = $2', 'm.sender = $2 AND m.recipient = $1 AND $1 <> $2'];
  END IF;
  IF literal IS NOT NULL THEN rest := rest || ' AND position($7 IN m.content) > 0'; END IF;
  IF about_task IS NOT NULL THEN
    -- A task may be gone, and its messages not.
    about_task := COALESCE(id_of_task(reader, about_task), about_task);
    newest := format(
      'SELECT m.seq FROM message_details d JOIN messages m ON m.id = d.message_id WHERE d.task_id = $3 AND ((%s) OR (%s))%s', sides[1], sides[2], rest);
    rest := rest || ' AND EXISTS (SELECT 1 FROM message_details d WHERE d.message_id = m.id AND d.task_id = $3)';
  ELSE
    -- Each part follows an index.
    newest := format(
      '(SELECT m.seq FROM messages m WHERE %1$s%3$s ORDER BY m.seq DESC LIMIT $8) UNION ALL (SELECT m.seq FROM messages m WHERE %2$s%3$s ORDER BY m.seq DESC LIMIT $8)',
      sides[1], sides[2], rest);
  END IF;
  newest := format('SELECT seq FROM (%s) AS parts ORDER BY seq DESC LIMIT $8', newest);

  IF words = '{}' THEN
    EXECUTE format('SELECT ARRAY(%s)', newest) INTO candidates
      USING me, with_agent, about_task, bound_row, bound_time, bound_text, literal, most + 1;
  ELSE
    tokens := ARRAY(SELECT DISTINCT token FROM unnest(string_to_array(folded(array_to_string(words, ' ')), ' ')) AS token WHERE token <> '');
    IF tokens = '{}' THEN RETURN; END IF;
    wanted := ARRAY(SELECT CASE WHEN token ~ unspaced() THEN token ELSE ' ' || token END FROM unnest(tokens) AS token);
    -- Texts of ASCII without the words are passed over here, which spares them the folding.
    FOR item IN EXECUTE format(
      'SELECT n.seq, c.bytes, octet_length(c.words) <> length(c.words) OR lower(c.words COLLATE "C") LIKE ALL ($9) AS is_near FROM (%s) AS n '
      'CROSS JOIN LATERAL (SELECT COALESCE(octet_length(m.content), 0) AS bytes, left(m.content, 262144) AS words FROM messages m WHERE m.seq = n.seq OFFSET 0) AS c '
      'ORDER BY n.seq DESC', newest)
      USING me, with_agent, about_task, bound_row, bound_time, bound_text, literal, 4000,
        ARRAY(SELECT '%' || ltrim(part) || '%' FROM unnest(wanted) AS part)
    LOOP
      looked := looked + 1;
      last_row := item.seq;
      is_match := false;
      IF item.is_near THEN is_match := has_all((SELECT m.content FROM messages m WHERE m.seq = item.seq), wanted); END IF;
      looked_bytes := looked_bytes + item.bytes;
      IF is_match THEN
        candidates := candidates || item.seq;
        least_cost := least_cost + 260 + least_characters(item.bytes);
      END IF;
      -- The reply is full, or the rows are so large that the index is quicker, or they match too seldom.
      EXIT WHEN cardinality(candidates) > most OR (least_cost > characters AND cardinality(candidates) > 1);
      EXIT WHEN looked_bytes > 400000;
      EXIT WHEN looked % 500 = 0 AND cardinality(candidates) * 8 * 500 <= most * looked;
    END LOOP;
    IF cardinality(candidates) <= most AND (least_cost <= characters OR cardinality(candidates) < 2)
      AND (looked_bytes > 400000 OR looked > 0 AND looked % 500 = 0) THEN
      PERFORM set_config('enable_bitmapscan', 'on', true);
      -- At first the newest rows, if there are many more.
      middle := CASE WHEN last_row < 50000 THEN -9223372036854775808 ELSE last_row - 50000 END;
      FOREACH ends SLICE 1 IN ARRAY ARRAY[ARRAY[middle, last_row], ARRAY[-9223372036854775808, middle]] LOOP
        CONTINUE WHEN ends[1] >= ends[2];
        -- Materialized, so that the matches of the index are sorted, instead of all rows being scanned for a rare word.
        EXECUTE format(
          'WITH found AS MATERIALIZED (SELECT m.seq FROM messages m WHERE words_of(m.content) @@ $8 AND m.seq >= $9 AND m.seq < $10 AND ((%s) OR (%s))%s) '
          'SELECT ARRAY(SELECT seq FROM (SELECT seq FROM found ORDER BY seq DESC) AS newest '
          'WHERE has_all((SELECT m.content FROM messages m WHERE m.seq = newest.seq), $12) LIMIT $11)', sides[1], sides[2], rest) INTO given
          USING me, with_agent, about_task, bound_row, bound_time, bound_text, literal, index_query(tokens), ends[1], ends[2],
            most + 1 - cardinality(candidates), wanted;
        candidates := candidates || given;
        EXIT WHEN cardinality(candidates) > most;
      END LOOP;
    END IF;
  END IF;
  given := fitting_messages(candidates[1:most], characters);
  IF is_whole THEN
    RETURN QUERY SELECT ROW (w.*)::message_records, cardinality(candidates) > cardinality(given)
      FROM whole_messages w WHERE w.seq = ANY (given) ORDER BY w.seq DESC;
    RETURN;
  END IF;
  RETURN QUERY SELECT r, cardinality(candidates) > cardinality(given) FROM message_records r WHERE r.seq = ANY (given) ORDER BY r.seq DESC;
END
$$;
COMMENT ON FUNCTION history IS 'What an agent sent and received, newest first. Example: SELECT (message).* FROM history(''code'', ''{deploy}'')';
