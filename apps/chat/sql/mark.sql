-- How far somebody has read: a sign ?1. It is never less than before.
INSERT INTO chat_readers
SELECT name, ?1 -> 'from', max(min(coalesce(?1 ->> 'upto', 0), last), 0) FROM chat_rooms WHERE name = ?1 ->> 'room'
ON CONFLICT (room, id) DO UPDATE SET person = excluded.person, upto = max(upto, excluded.upto)
RETURNING json_object('room', room, 'from', json(person), 'upto', upto)
