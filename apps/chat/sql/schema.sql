-- What a chat stores, and how much of it.

-- A room is public, or the private one of two people: "@a+b". Its epoch tells it from an earlier one of its name.
CREATE TABLE IF NOT EXISTS chat_rooms (
	name    TEXT PRIMARY KEY,
	epoch   TEXT NOT NULL DEFAULT (hex(randomblob(6))),
	last    INTEGER NOT NULL DEFAULT 0, -- the number of its newest message
	used    INTEGER NOT NULL DEFAULT 0, -- when something was said last, or it was made: Unix milliseconds
	keeps   INTEGER NOT NULL DEFAULT 500, -- messages
	stays   INTEGER NOT NULL DEFAULT 0,
	private INTEGER AS (name LIKE '@%')
);

-- Messages of a room are numbered without a gap. The same key of the same author is the same message.
CREATE TABLE IF NOT EXISTS chat_messages (
	room   TEXT NOT NULL,
	id     INTEGER NOT NULL,
	person TEXT NOT NULL, -- JSON, as it was then
	text   TEXT NOT NULL,
	at     INTEGER NOT NULL,
	key    TEXT NOT NULL,
	author TEXT AS (person ->> 'id'),
	PRIMARY KEY (room, id),
	UNIQUE (room, author, key)
) WITHOUT ROWID;

-- The same as pages get them.
CREATE VIEW IF NOT EXISTS chat_said AS SELECT room, id, author, key, json_object(
	'room', room, 'id', id, 'from', json(person), 'text', text, 'at', at, 'key', key) AS message FROM chat_messages;

-- How far people have read; of a private room, also who the two are.
CREATE TABLE IF NOT EXISTS chat_readers (
	room   TEXT NOT NULL,
	person TEXT NOT NULL, -- JSON
	upto   INTEGER NOT NULL,
	id     TEXT AS (person ->> 'id'),
	UNIQUE (room, id)
);

-- Who enters a room that is not there makes it, if there is space, or is not in.
CREATE TRIGGER IF NOT EXISTS chat_enters BEFORE INSERT ON chat_readers BEGIN
	INSERT OR IGNORE INTO chat_rooms (name, used) VALUES (new.room, CAST(unixepoch('subsec') * 1000 AS INTEGER));
	SELECT RAISE(IGNORE) WHERE NOT EXISTS (SELECT 1 FROM chat_rooms WHERE name = new.room);
END;

-- There is space for 50 rooms that people made, and for 500 conversations. Then the one that was unused for the longest
-- makes space, if that is an hour; otherwise there is no new one.
CREATE TRIGGER IF NOT EXISTS chat_space BEFORE INSERT ON chat_rooms
WHEN NOT EXISTS (SELECT 1 FROM chat_rooms WHERE name = new.name) AND NOT new.stays AND iif(new.name LIKE '@%', 500, 50) <=
	(SELECT count(*) FROM chat_rooms WHERE private = (new.name LIKE '@%') AND NOT stays)
BEGIN
	SELECT RAISE(IGNORE) WHERE NOT EXISTS (
		SELECT 1 FROM chat_rooms WHERE private = (new.name LIKE '@%') AND NOT stays AND used < new.used - 3600000);
	DELETE FROM chat_rooms WHERE name = (
		SELECT name FROM chat_rooms WHERE private = (new.name LIKE '@%') AND NOT stays ORDER BY used LIMIT 1);
END;

CREATE TRIGGER IF NOT EXISTS chat_gone AFTER DELETE ON chat_rooms BEGIN
	DELETE FROM chat_messages WHERE room = old.name;
	DELETE FROM chat_readers WHERE room = old.name;
END;

CREATE TRIGGER IF NOT EXISTS chat_counts AFTER INSERT ON chat_messages BEGIN
	UPDATE chat_rooms SET last = new.id, used = new.at WHERE name = new.room;
	UPDATE chat_readers SET upto = new.id WHERE room = new.room AND id = new.author; -- who answers has read
	DELETE FROM chat_messages WHERE room = new.room AND id <= new.id - (SELECT keeps FROM chat_rooms WHERE name = new.room);
END;

-- 20,000 marks are kept in public rooms: of so many people it is known next time what is new to them.
CREATE TRIGGER IF NOT EXISTS chat_marks AFTER INSERT ON chat_readers BEGIN
	DELETE FROM chat_readers WHERE rowid <= new.rowid - 20000 AND room NOT LIKE '@%';
END;

INSERT OR IGNORE INTO chat_rooms (name, stays) VALUES ('foyer', 1), ('rehearsal', 1), ('library', 1);
