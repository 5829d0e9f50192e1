CREATE TABLE IF NOT EXISTS desk_tickets (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS desk_messages (ticket INTEGER, n INTEGER, body TEXT NOT NULL, PRIMARY KEY (ticket, n));

-- Of the resolved tickets, those among the newest hundred are kept.
CREATE TRIGGER IF NOT EXISTS desk_trim AFTER INSERT ON desk_tickets BEGIN
	DELETE FROM desk_tickets WHERE id <= NEW.id - 100 AND body ->> 'resolved';
	DELETE FROM desk_messages WHERE ticket <= NEW.id - 100 AND ticket NOT IN (SELECT id FROM desk_tickets);
END;
