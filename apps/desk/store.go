package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// save stores a ticket and its last message. An older version changes nothing.
func save(ctx context.Context, db *sql.DB, t Ticket) error {
	body, err := json.Marshal(t)
	_, errMessage := db.ExecContext(ctx, `INSERT OR IGNORE INTO desk_messages SELECT t->>'id', t->'last'->>'n', t->'last' FROM (SELECT ? AS t)`, string(body))
	_, errTicket := db.ExecContext(ctx, `INSERT INTO desk_tickets SELECT t->>'id', t->>'version', t FROM (SELECT ? AS t) WHERE true
		ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body WHERE excluded.version > version`, string(body))
	return errors.Join(err, errMessage, errTicket)
}

// load reads what is stored.
func (q *queue) load(ctx context.Context, db *sql.DB) error {
	var all string
	err := db.QueryRowContext(ctx, `SELECT json_group_array(json_set(body, '$.messages', json((SELECT json_group_array(json(m.body) ORDER BY n)
		FROM desk_messages m WHERE m.ticket = t.id))) ORDER BY id) FROM desk_tickets t`).Scan(&all)
	return errors.Join(err, json.Unmarshal([]byte(all), &q.tickets))
}
