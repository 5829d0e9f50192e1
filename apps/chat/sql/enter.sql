-- Who enters a room: a presence ?1. The trigger chat_enters makes the room, if there is space.
INSERT INTO chat_readers SELECT ?1 ->> 'room', value, 0 FROM json_each(?1, '$.people') WHERE true
ON CONFLICT (room, id) DO UPDATE SET person = excluded.person
RETURNING json_object('room', room, 'from', json(person), 'upto', upto)
