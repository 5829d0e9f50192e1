-- ?5 messages of room ?1: those before number ?4 or, if that is 0, what somebody needs who holds all up to number ?3 of
-- epoch ?2: what came then or, where that does not join up, the newest.
WITH
	room AS (SELECT *, max(last - keeps, 0) AS lost FROM chat_rooms WHERE name = ?1),
	held AS (SELECT *, epoch = ?2 AND ?3 > 0 AND ?3 BETWEEN lost AND last AS joins FROM room),
	page AS (SELECT *, iif(?4 > 0, ?4 - 1 - ?5, iif(joins, ?3, last - ?5)) AS start FROM held)
SELECT json_object(
	'room', name,
	'epoch', epoch,
	'older', json(iif(start > lost, 'true', 'false')),
	'newer', json(iif(start + ?5 < last, 'true', 'false')),
	'reset', json(iif(joins OR ?4 > 0, 'false', 'true')),
	'people', json((SELECT json_group_array(json(person)) FROM chat_readers WHERE room = name AND private)),
	'messages', json((SELECT json_group_array(json(message) ORDER BY id) FROM chat_said WHERE room = name AND id > start AND id <= start + ?5)))
FROM page
