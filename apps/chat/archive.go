package chat

import (
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"strings"

	"github.com/briohq/brio"
)

//go:embed web sql script.txt
var files embed.FS

// What is asked of the database: rooms, what was said there, how far each has read. How
// much it keeps is in sql/schema.sql.
const (
	listRooms query[string, []Room]   = "rooms"
	readPage  query[Opening, Page]    = "page"
	store     query[Message, Message] = "say"
	enter     query[Presence, Sign]   = "enter"
	mark      query[Sign, Sign]       = "mark"
)

// query is a file of SQL that takes and returns JSON: none for a room that is not there.
type query[Req, Res any] string

func (q query[Req, Res]) do(db *sql.DB, req Req) (res Res, err error) {
	in, _ := json.Marshal(req) // these types always can be
	var out []byte
	err = db.QueryRow(file("sql/"+string(q)+".sql"), string(in)).Scan(&out)
	if errors.Is(err, sql.ErrNoRows) {
		return res, brio.Errorf("That room is not there now, and can’t be made. Choose another one.")
	}
	return res, errors.Join(err, json.Unmarshal(out, &res))
}

// file returns an embedded file.
func file(name string) string {
	text, _ := files.ReadFile(name)
	return strings.TrimSpace(string(text))
}
