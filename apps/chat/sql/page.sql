-- A page of 50 messages for an opening ?1: those before a number or, if none is named, what somebody needs who holds all
-- up to a number of an epoch: what came then or, where that does not join up, the newest.
WITH
	wish AS (SELECT ?1 ->> 'room' AS room, coalesce(?1 ->> 'epoch', '') AS known,
		coalesce(?1 ->> 'since', 0) AS since, coalesce(?1 ->> 'before', 0) AS before),
	held AS (SELECT *, max(last - keeps, 0) AS lost FROM wish JOIN chat_rooms ON name = room),
	kind AS (SELECT *, known = epoch AND since > 0 AND since BETWEEN lost AND last AS joins FROM held),
	page AS (SELECT *, CASE WHEN before > 0 THEN before - 51 WHEN joins THEN since ELSE last - 50 END AS start FROM kind)
SELECT json_object(
	'room', name,
	'epoch', epoch,
	'older', json(iif(start > lost, 'true', 'false')),
	'newer', json(iif(start + 50 < last, 'true', 'false')),
	'reset', json(iif(joins OR before > 0, 'false', 'true')),
	'people', json((SELECT json_group_array(json(person)) FROM chat_readers r WHERE r.room = name AND private)),
	'messages', json((SELECT json_group_array(json(message) ORDER BY id) FROM chat_said s
		WHERE s.room = name AND id > start AND id <= start + 50)))
FROM page
