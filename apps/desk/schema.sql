CREATE TABLE IF NOT EXISTS desk_tickets (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS desk_messages (ticket INTEGER, n INTEGER, body TEXT NOT NULL, PRIMARY KEY (ticket, n));

-- The newest thousand tickets are kept.
CREATE TRIGGER IF NOT EXISTS desk_trim AFTER INSERT ON desk_tickets BEGIN
	DELETE FROM desk_tickets WHERE id <= NEW.id - 1000;
	DELETE FROM desk_messages WHERE ticket <= NEW.id - 1000;
END;
