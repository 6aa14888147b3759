-- What an author has said at a source is found by the digest of both; 0 is of
-- those who name no author.
CREATE INDEX texts_author ON texts (author, sec, hash) WHERE author <> 0;

-- Who an author at a source is in the books of the house, by that digest. A
-- person has said so.
CREATE TABLE customers (
	digest bigint PRIMARY KEY,
	key    text NOT NULL,
	data   json NOT NULL
);
