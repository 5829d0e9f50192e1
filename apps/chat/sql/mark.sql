-- How far ?1, ?2, ?3 has read in room ?4: up to ?5, and never less than before.
INSERT INTO chat_readers
SELECT name, json_object('id', ?1, 'name', ?2, 'role', ?3), max(min(?5, last), 0) FROM chat_rooms WHERE name = ?4
ON CONFLICT (room, id) DO UPDATE SET person = excluded.person, upto = max(upto, excluded.upto)
RETURNING json_object('room', room, 'from', json(person), 'upto', upto)
