-- The tables of package store. Numbers stand for names; sec is the Unix second
-- that a mention is filed under, and hash its hash with the highest bit
-- flipped, so that it sorts as it does unsigned. Names and keys are bytes: they
-- sort as bytes do, and may be of any; encode(name, 'escape') shows them.
-- docs/adr/0015 says why.

CREATE TABLE meta (
	one   boolean PRIMARY KEY DEFAULT true CHECK (one),
	id    text   NOT NULL,           -- salts the names of the erased
	zone  text   NOT NULL,           -- whose dates the counts by day go by
	hours bigint NOT NULL DEFAULT 0, -- the first Unix hour whose counts are kept
	moving json                      -- how far another store has moved in; null: it is whole
);

CREATE TABLE names (
	kind text NOT NULL,              -- b: brand, s: source
	name bytea NOT NULL,
	num  int  NOT NULL GENERATED ALWAYS AS IDENTITY,
	PRIMARY KEY (kind, name)
);
CREATE UNIQUE INDEX names_num ON names (num);

-- One row for each mention that was ever counted. One that was forgotten has
-- no seq: the row that is left keeps it from coming back.
CREATE TABLE mentions (
	hash   bigint   PRIMARY KEY,     -- of brand, source and the source's reference
	brand  int      NOT NULL,        -- that and source are 0 of one that was forgotten before it moved here
	sec    bigint   NOT NULL,
	seq    bigint,                   -- of its text
	source int      NOT NULL,
	digest int      NOT NULL,        -- of what it says
	label  smallint NOT NULL,        -- 0 negative, 1 neutral, 2 positive
	value  smallint NOT NULL,        -- of its score, in hundredths
	status smallint NOT NULL,        -- 0 none, 1 new, 2 claimed, 3 answered, 4 done, 5 snoozed, 6 false alarm
	flags  smallint NOT NULL,        -- 1 deleted, 2 has a case, 4 corrected, 8 copy
	rating smallint NOT NULL         -- share of its stars in hundredths, plus one; 0 none
);
CREATE INDEX mentions_brand ON mentions (brand, sec, hash) WHERE seq IS NOT NULL;
CREATE INDEX mentions_time ON mentions (sec, hash) WHERE seq IS NOT NULL;
CREATE INDEX mentions_inbox ON mentions (brand, status, sec, hash) WHERE status <> 0;
CREATE INDEX mentions_inboxes ON mentions (status, sec, hash) WHERE status <> 0;
CREATE INDEX mentions_corrected ON mentions (sec, hash) WHERE flags & 4 <> 0;

-- What mentions say. A table of its own, so that a case may move without its
-- text being written again.
CREATE SEQUENCE texts_seq CACHE 1;
CREATE TABLE texts (
	seq    bigint   PRIMARY KEY,
	hash   bigint   NOT NULL,
	sec    bigint   NOT NULL,
	author bigint   NOT NULL,        -- digest of the author's name
	record bytea    NOT NULL,        -- see record.go
	words  tsvector NOT NULL         -- folded words, and its brand as #number
) WITH (toast_tuple_target = 4080);
CREATE INDEX texts_words ON texts USING gin (words) WITH (gin_pending_list_limit = 8192);

CREATE TABLE cases (
	hash bigint PRIMARY KEY,
	data json   NOT NULL
);

-- One row for each brand and date, or hour; all sources are packed into it,
-- see rollup.go.
CREATE TABLE counts (
	brand  int      NOT NULL,
	kind   smallint NOT NULL,        -- 0: by date, 1: by hour
	step   bigint   NOT NULL,        -- days or hours since 1970
	packed bytea    NOT NULL,
	PRIMARY KEY (brand, kind, step)
) WITH (fillfactor = 70);

CREATE TABLE alerts (
	id    bytea PRIMARY KEY,
	sec   bigint NOT NULL,           -- when it was decided
	brand bytea NOT NULL,
	rev   int    NOT NULL,
	data  json   NOT NULL
);
CREATE INDEX alerts_time ON alerts (sec, id);

CREATE TABLE digests (
	date  bytea NOT NULL,
	brand bytea NOT NULL,
	data  json NOT NULL,
	PRIMARY KEY (date, brand)
);

CREATE TABLE sent (
	key  bytea PRIMARY KEY,
	data json NOT NULL
);

CREATE TABLE people (
	name bytea PRIMARY KEY,
	data json NOT NULL
);

CREATE TABLE tokens (
	name bytea PRIMARY KEY,
	data json NOT NULL
);

CREATE TABLE deeds (
	nano bigint NOT NULL,
	seq  bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
	data json   NOT NULL,
	PRIMARY KEY (nano, seq)
);

CREATE TABLE erased (
	digest bigint PRIMARY KEY,       -- of a source and an author
	date   text NOT NULL
);

CREATE TABLE coverage (
	hour   bigint NOT NULL,
	source bytea NOT NULL,
	data   json NOT NULL,
	PRIMARY KEY (hour, source)
);

CREATE TABLE cursors (
	job    bytea PRIMARY KEY,
	cursor bytea NOT NULL
);

CREATE TABLE jobs (
	key      text COLLATE "C" PRIMARY KEY,
	kind     text        NOT NULL,
	lane     text        NOT NULL,
	due      timestamptz NOT NULL,
	every_ms bigint      NOT NULL,
	fails    int         NOT NULL,
	since    timestamptz,
	asked    int         NOT NULL,
	again    timestamptz
);
CREATE INDEX jobs_due ON jobs (due);
CREATE INDEX jobs_lane ON jobs (lane, due, key);
