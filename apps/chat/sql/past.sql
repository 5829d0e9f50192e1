-- What the simulated people said before anybody came, if nobody has said anything yet.
WITH past (id, name, text) AS (VALUES
	(1, 'Mira', 'Morning. Did anyone book the small hall for Friday?'),
	(2, 'Jonas', 'Booked, seven to ten. The piano in there is a quarter tone flat.'),
	(3, 'Teo', 'Then so are we. Problem solved.'),
	(4, 'Ines', 'I can ask the tuner, he owes me a favour since the flood.'),
	(5, 'Mira', 'Please do. And bring the blue folder, the parts with the bowings.'),
	(6, 'Jonas', 'The blue folder is under my coffee. I will bring a folder that used to be blue.'),
	(7, 'Ines', 'Tuner says Thursday at four. Someone has to let him in.'),
	(8, 'Teo', 'I live across the street. I’ll do it.'))
INSERT INTO chat_messages
SELECT 'foyer', id, json_object('id', 'bot:' || name, 'name', name, 'role', 'simulated'), text, (unixepoch() - 19 * (9 - id)) * 1000, 'past ' || id
FROM past WHERE NOT EXISTS (SELECT 1 FROM chat_rooms WHERE name = 'foyer' AND last > 0) ORDER BY id;
