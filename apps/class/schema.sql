-- One row is one question with all its answers, so that it is stored whole or not at all.
CREATE TABLE IF NOT EXISTS class_question (
    id INTEGER PRIMARY KEY, -- when it was asked, Unix milliseconds
    question TEXT NOT NULL, -- JSON: text, choices, right, seconds, counts and more
    answers TEXT NOT NULL   -- JSON, by person: id, name, choice, took
);

-- A right answer brings 1000 points at once, and 500 at the end of the time.
CREATE VIEW IF NOT EXISTS class_answer AS
SELECT q.id AS question, a.value ->> 'id' AS person, a.value ->> 'name' AS name, a.value ->> 'choice' AS choice, a.value ->> 'took' AS took,
    CASE a.value ->> 'choice' WHEN q.question ->> 'right' THEN 1000 - (a.value ->> 'took') / (2 * (q.question ->> 'seconds')) ELSE 0 END AS points
FROM class_question q, json_each(q.answers) a;

-- The last 12 questions count: who comes late can still win.
CREATE VIEW IF NOT EXISTS class_points AS
SELECT person, max(name) AS name, sum(points) AS points,
    sum(CASE question WHEN (SELECT max(id) FROM class_question) THEN points ELSE 0 END) AS gained
FROM class_answer
WHERE question IN (SELECT id FROM class_question ORDER BY id DESC LIMIT 12)
GROUP BY person;

CREATE VIEW IF NOT EXISTS class_board AS
SELECT json_group_array(json_object('id', person, 'name', name, 'rank', rank, 'points', points, 'gained', gained)) AS ranks
FROM (SELECT *, rank() OVER (ORDER BY points DESC) AS rank FROM class_points ORDER BY points DESC, name, person);

-- Only those that count are kept.
CREATE TRIGGER IF NOT EXISTS class_forget AFTER INSERT ON class_question BEGIN
    DELETE FROM class_question WHERE id <= (SELECT id FROM class_question ORDER BY id DESC LIMIT 1 OFFSET 12);
END;
