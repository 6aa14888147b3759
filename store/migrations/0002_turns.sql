-- What the processes know of the hosts that they ask in turn, see Postgres.Take.
CREATE TABLE turns (
	host     text PRIMARY KEY,
	busy     boolean NOT NULL,       -- somebody is on the way
	last     timestamptz,            -- when it was asked or answered last
	held     timestamptz,            -- it wants to be left alone until then
	delay_us bigint  NOT NULL        -- as it has become; 0 is not known
);
