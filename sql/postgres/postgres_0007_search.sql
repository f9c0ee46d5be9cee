-- The text index finds words in every script. By hand: psql -v schema=cowork_bridge -1 -f postgres_0007_search.sql
SET LOCAL search_path = :"schema", pg_catalog, pg_temp;

-- A character of what is written without spaces between words, as a regular expression.
CREATE OR REPLACE FUNCTION unspaced() RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT
    '[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2190-\u2bff\u2e80-\u2fdf\u3005-\u3007\u3021-\u318f'
    '\u31a0-\u31ff\u3400-\ua4cf\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f'
    '\U0001f000-\U0001fbff\U00020000-\U0003ffff]'
$$;

-- A text as search compares it: words in small letters without accents, each behind a space, and what is written without spaces in runs of
-- its own. FoldedText of the program describes it and does the same. In encodings other than UTF8 only ASCII is folded.
CREATE OR REPLACE FUNCTION folded(content text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  words text := lower(left(content, 262144) COLLATE "C");
BEGIN
  IF octet_length(words) = length(words) OR getdatabaseencoding() <> 'UTF8' THEN
    RETURN ' ' || regexp_replace(words, '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+', ' ', 'g');
  END IF;
  words := regexp_replace(normalize(words, NFKD),
    '[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670'
    '\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f'
    '\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\U000e0000-\U000e0fff]+',
    '', 'g');
  -- A small sigma at the end of a word has another form.
  words := normalize(replace(lower(lower(words COLLATE "C") COLLATE "default"), chr(962), chr(963)), NFC);
  words := regexp_replace(words,
    '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u02c2-\u02c5\u02d2-\u02df\u037e\u0387\u055a-\u055f\u0589-\u058f'
    '\u05be\u05c0\u05c3\u05c6\u05f3\u05f4\u0600-\u060f\u061b-\u061f\u066a-\u066d\u06d4\u0700-\u070d\u0964\u0965\u0970\u0e3f\u0e4f'
    '\u0e5a\u0e5b\u0f01-\u0f14\u0f3a-\u0f3d\u104a-\u104f\u10fb\u1360-\u1368\u1680\u17d4-\u17db\u1800-\u180a\u2000-\u206f\u20a0-\u20cf'
    '\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\u3036\u3037\u303d-\u303f\u30a0\u30fb\ua60d-\ua60f\ua92e\ua92f\ua9c1-\ua9cd'
    '\uaa5c-\uaa5f\uaade\uaadf\ufd3e\ufd3f\ufe10-\ufe6f\ufff9-\uffff]+',
    ' ', 'g');
  RETURN ' ' || regexp_replace(words, '(' || unspaced() || '+)', ' \1 ', 'g');
END
$$;

-- The terms of a text in the index: its words, and of a run each pair of characters and the last one. A text that cannot be indexed has
-- none: the index must never prevent a row from being written.
CREATE OR REPLACE FUNCTION words_of(content text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, :"schema", pg_temp
AS $$
DECLARE
  terms text := folded(content);
BEGIN
  IF octet_length(terms) > length(terms) AND terms ~ unspaced() THEN
    -- The pairs that begin at even places, and those at odd ones.
    terms := regexp_replace(terms, '(' || unspaced() || '{1,2})', '\1 ', 'g')
      || regexp_replace(regexp_replace(terms, ' ' || unspaced(), ' ', 'g'), '(' || unspaced() || '{1,2})', '\1 ', 'g');
  END IF;
  RETURN array_to_tsvector(array_remove(string_to_array(terms, ' '), ''));
EXCEPTION WHEN program_limit_exceeded THEN
  -- A term has at most 2046 bytes.
  BEGIN
    RETURN array_to_tsvector(ARRAY(SELECT left(term, 500) FROM unnest(string_to_array(folded(content), ' ')) AS term WHERE term <> ''));
  EXCEPTION WHEN OTHERS THEN
    RETURN ''::tsvector;
  END;
WHEN OTHERS THEN
  RETURN ''::tsvector;
END
$$;

-- A large index is rebuilt in the background (see PostgresMigrator); until then it has the former terms of older messages.
DO $$
BEGIN
  IF pg_table_size('messages') < 2000000 THEN
    REINDEX INDEX messages_words;
  ELSE
    COMMENT ON INDEX messages_words IS 'to be rebuilt';
  END IF;
END
$$;

INSERT INTO bridge_schema (version) VALUES (7);
