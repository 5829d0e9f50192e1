-- The public rooms, and the conversations of somebody: the id ?1.
SELECT json_group_array(json_object('name', r.name, 'epoch', r.epoch, 'last', r.last,
	'read', me.upto, 'with', json(you.person), 'seen', you.upto) ORDER BY r.private, r.rowid)
FROM chat_rooms r
LEFT JOIN chat_readers me ON me.room = r.name AND me.id = ?1 ->> '$'
LEFT JOIN chat_readers you ON r.private AND you.room = r.name AND you.id <> ?1 ->> '$'
WHERE NOT r.private OR me.id IS NOT NULL
