-- The words of texts stand in segments, as they do in the files, see
-- segment.go and docs/adr/0019. A segment is of the texts of one quarter of a
-- year, and is never changed: many become one, and those go.
CREATE SEQUENCE segments_id AS int;
CREATE TABLE segments (
	id      int      PRIMARY KEY,
	quarter smallint NOT NULL,       -- year×4 + quarter
	level   smallint NOT NULL,       -- how often it was merged
	docs    int      NOT NULL,       -- how many texts it is of
	first   bigint   NOT NULL,       -- the least seq of them
	last    bigint   NOT NULL        -- and the greatest
);
CREATE INDEX segments_quarter ON segments (quarter);

-- Which texts they are, by brand and time: 320 of them in a row, the first of
-- which has the number ord and is about brand.
CREATE TABLE segment_docs (
	segment int   NOT NULL,
	ord     int   NOT NULL,
	brand   bigint NOT NULL,
	places  bytea NOT NULL,          -- of each: brand, second, seq
	PRIMARY KEY (segment, ord)
) WITH (toast_tuple_target = 8160);
ALTER TABLE segment_docs ALTER places SET STORAGE EXTERNAL;
CREATE INDEX segment_docs_brand ON segment_docs (segment, brand, ord);

-- Which of them have a word: many words in a row, under the first of them.
CREATE TABLE segment_words (
	segment int   NOT NULL,
	word    bytea NOT NULL,
	block   bytea NOT NULL,
	PRIMARY KEY (segment, word)
) WITH (toast_tuple_target = 8160);
ALTER TABLE segment_words ALTER block SET STORAGE EXTERNAL;

-- The quarters whose segments have words of texts that were erased.
CREATE TABLE stale (
	quarter smallint PRIMARY KEY,
	since   bigint   NOT NULL,       -- Unix second of the first time
	times   bigint   NOT NULL
);

DROP INDEX texts_words;
ALTER TABLE texts DROP COLUMN words;

-- How far the texts of before are in segments; no row: all are.
CREATE TABLE unindexed (seq bigint NOT NULL);
INSERT INTO unindexed SELECT 0 WHERE EXISTS (SELECT FROM texts);
