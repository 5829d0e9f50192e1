package sales

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
)

// The newest 50,000 orders are stored, those of a day or more.
const schema = `CREATE TABLE IF NOT EXISTS sales_orders (id INTEGER PRIMARY KEY, body TEXT NOT NULL, key TEXT AS (body ->> 'key') UNIQUE);
	CREATE TRIGGER IF NOT EXISTS sales_trim AFTER INSERT ON sales_orders BEGIN DELETE FROM sales_orders WHERE id <= NEW.id - 50000; END`

// store stores orders, all or none, and returns how many: one whose key is there
// already is left out.
func store(ctx context.Context, db *sql.DB, orders ...Order) (int64, error) {
	body, err := json.Marshal(orders)
	if err != nil || len(orders) == 0 {
		return 0, err
	}
	result, err := db.ExecContext(ctx, `INSERT OR IGNORE INTO sales_orders (body) SELECT value FROM json_each(?)`, string(body))
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// load returns the stored orders as they came.
func load(ctx context.Context, db *sql.DB) (orders []Order, err error) {
	var all string
	err = db.QueryRowContext(ctx, `SELECT json_group_array(json(body) ORDER BY id) FROM sales_orders`).Scan(&all)
	return orders, errors.Join(err, json.Unmarshal([]byte(all), &orders))
}
