package chat

import (
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

//go:embed sql
var statements embed.FS

// archive is what is stored: rooms, what was said there, how far each has read. The
// files in sql say what is asked of it, and how much it keeps. Its methods may be called
// concurrently.
type archive struct{ *sql.DB }

func (a archive) rooms(id string) ([]Room, error) { return ask[[]Room](a, "rooms", id) }

func (a archive) page(o Opening) (Page, error) {
	return ask[Page](a, "page", o.Room, o.Epoch, o.Since, o.Before, PageSize)
}

func (a archive) store(m Message) (Message, error) {
	return ask[Message](a, "say", m.From.ID, m.From.Name, m.From.Role, m.Room, m.Text, m.At, m.Key)
}

func (a archive) mark(s Sign) (Sign, error) {
	return ask[Sign](a, "mark", s.From.ID, s.From.Name, s.From.Role, s.Room, s.Upto)
}

// add makes a room for people, if it is not there and there is space.
func (a archive) add(room string, now time.Time, people ...site.Person) error {
	_, err := a.Exec(`INSERT OR IGNORE INTO chat_rooms (name, used) VALUES (?, ?)`, room, now.UnixMilli())
	for _, p := range people {
		if err == nil {
			_, err = a.mark(Sign{Room: room, From: p})
		}
	}
	return err
}

// ask reads the JSON that a statement returns: none of a room that is not there.
func ask[T any](a archive, name string, args ...any) (v T, err error) {
	var text []byte
	err = a.QueryRow(statement(name), args...).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return v, brio.Errorf("That room is not there now, and can’t be made. Choose another one.")
	}
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	return v, err
}

// statement reads a file that is embedded, so it is there.
func statement(name string) string {
	text, _ := statements.ReadFile("sql/" + name + ".sql")
	return string(text)
}
