-- A message ?1 or, if its author has sent that key in its room before, what it was then.
INSERT INTO chat_messages
SELECT name, last + 1, ?1 -> 'from', ?1 ->> 'text', ?1 ->> 'at', ?1 ->> 'key' FROM chat_rooms WHERE name = ?1 ->> 'room'
ON CONFLICT (room, author, key) DO UPDATE SET key = key
RETURNING json_object('room', room, 'id', id, 'from', json(person), 'text', text, 'at', at, 'key', key)
