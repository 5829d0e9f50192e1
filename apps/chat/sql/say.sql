-- A message of ?1, ?2, ?3 in room ?4, or what the same key of theirs has brought before.
INSERT INTO chat_messages
SELECT name, last + 1, json_object('id', ?1, 'name', ?2, 'role', ?3), ?5, ?6, ?7 FROM chat_rooms WHERE name = ?4
ON CONFLICT (room, author, key) DO UPDATE SET key = key
RETURNING json_object('room', room, 'id', id, 'from', json(person), 'text', text, 'at', at, 'key', key)
