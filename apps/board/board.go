// Package board is a whiteboard: people draw on it together, see each other's pens, and undo what was theirs.
//
// In memory are 16 boards of up to 500 objects, and 600 changes of each that can be undone. SQLite has the objects, and
// the keys of each board's newest 300 edits: one that is sent again after a restart is still done once. Read events.go first: it is the whole protocol;
// sheet.go is a board without sockets, with undo per person; bots.go draws the little pictures of drawings.json.
package board

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

// Boards is the application. Its methods may be called concurrently.
type Boards struct {
	http.Handler // of the page
	site         *site.Site
	ns           *brio.Namespace
	stop         context.CancelFunc
	running      sync.WaitGroup
	mu           sync.Mutex // guards sheets, and is held while a board is told of: its versions go out in order
	sheets       map[string]*sheet
}

// New starts it on a site. Close it before the site.
func New(s *site.Site) *Boards {
	ctx, stop := context.WithCancel(context.Background())
	b := &Boards{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/board"), stop: stop}
	s.Schema(`CREATE TABLE IF NOT EXISTS board_sheets (board TEXT PRIMARY KEY, sheet TEXT);
		CREATE TABLE IF NOT EXISTS board_objects (board TEXT, id TEXT, object TEXT, PRIMARY KEY (board, id))`)
	b.sheets = map[string]*sheet{First: {Objects: map[string]*Object{}}}
	var all []byte
	err := s.DB.QueryRowContext(ctx, `SELECT json_group_object(board, json_set(sheet, '$.Objects', json((
		SELECT json_group_object(id, json(object)) FROM board_objects o WHERE o.board = s.board)))) FROM board_sheets s`).Scan(&all)
	if err = cmp.Or(err, json.Unmarshal(all, &b.sheets)); err != nil {
		panic(err) // the disk fails, or the file is not ours
	}
	s.Admit(b.ns, site.Rates{string(Open): 2, string(Edit): 20, string(Point): 30})
	Open.Handle(b.ns, b.open)
	Point.Handle(b.ns, b.hint)
	Edit.Handle(b.ns, func(_ context.Context, s *brio.Socket, e Delta) (brio.None, error) {
		who, err := site.Must(s)
		if err == nil {
			err = b.edit(who, e)
		}
		return brio.None{}, err
	})
	shell.Pulse.Handle(b.ns, shell.Beat)
	crowd, artists := s.Crowd(b.ns), b.artists()
	b.running.Go(func() {
		crowd.Each(ctx, 200*time.Millisecond, func(_ time.Time, on bool) {
			for i := 0; on && i < len(artists); i++ {
				b.act(artists[i])
			}
		})
	})
	return b
}

// About describes it to the start page.
func (b *Boards) About() shell.About { return page.About }

// Close ends what it runs.
func (b *Boards) Close() { b.stop(); b.running.Wait() }

// open shows a board, and from then on what becomes of it. For a new one, those make room that are empty and left.
func (b *Boards) open(ctx context.Context, s *brio.Socket, name string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sheets[name] == nil {
		if _, err := site.Must(s); err != nil || !named.MatchString(name) || len([]rune(name)) > 24 {
			return nil, cmp.Or(err, error(brio.Errorf("Name the board with at most 24 small letters, digits and dashes.")))
		}
		maps.DeleteFunc(b.sheets, func(other string, s *sheet) bool {
			n, _ := b.ns.To("#" + other).Local().Count(ctx) // it asks nobody, so it can't fail
			return len(b.sheets) >= maxBoards && other != First && len(s.Objects)+n == 0 && b.exec(`DELETE FROM board_sheets WHERE board = ?`, other)
		})
		if len(b.sheets) >= maxBoards {
			return nil, brio.Errorf("There are %d boards already. Open one of them, or clear one and leave it.", maxBoards)
		}
		b.sheets[name] = &sheet{Objects: map[string]*Object{}}
	}
	s.Leave(s.Rooms()[1:]...)
	s.Join("#" + name)
	all := Delta{Board: name, Version: b.sheets[name].Version, Put: slices.Collect(maps.Values(b.sheets[name].Objects))}
	return slices.Sorted(maps.Keys(b.sheets)), Shown.Emit(s, all)
}

// edit changes a board, and tells all who look at it.
func (b *Boards) edit(who site.Person, e Delta) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sheets[e.Board] == nil {
		return brio.Errorf("There is no such board. Open it first.")
	}
	d, err := b.sheets[e.Board].edit(who, e)
	if d == nil {
		return err
	}
	delta, _ := json.Marshal(d) // texts and numbers can't fail
	rest, _ := json.Marshal(sheet{Version: d.Version, Keys: b.sheets[e.Board].Keys})
	b.exec(`DELETE FROM board_objects WHERE board = ? AND id IN (SELECT value FROM json_each(?, '$.drop'))`, e.Board, string(delta))
	b.exec(`REPLACE INTO board_objects SELECT ?, value ->> 'id', value FROM json_each(?, '$.put')`, e.Board, string(delta))
	b.exec(`REPLACE INTO board_sheets VALUES (?, ?)`, e.Board, string(rest))
	return Edited.Emit(b.ns.To("#"+e.Board), *d)
}

// hint passes on to the others what somebody is at. None of it is kept.
func (b *Boards) hint(_ context.Context, s *brio.Socket, h Hint) (err error) {
	if h.Who, err = site.Must(s); err == nil && h.Object != nil {
		h.Object.By = h.Who
		err = h.Object.check()
	}
	if err != nil || h.From < 0 || h.From > maxPoints {
		return err
	}
	return Point.Emit(s.To(s.Rooms()[1:]...).Volatile(), h)
}

func (b *Boards) exec(statement string, args ...any) (done bool) {
	_, err := b.site.DB.ExecContext(context.Background(), statement, args...)
	b.site.Warn("store a board", err)
	return err == nil
}

var page = shell.Content{
	About: shell.About{Name: "board", Sentence: "Draw together. What you draw on the train is there when the train leaves the tunnel, and undo is yours alone."},
	How: [3]string{
		"Who opens a board gets all of it with its version, and then every change with the next version, so nothing is missing and nothing is done twice.",
		"While you draw, your pen is sent along in small volatile pieces; the finished stroke follows as one acknowledged edit, which keeps its key when a broken line makes it go twice.",
		"The server remembers what each edit replaced. Undo puts that back, unless somebody else has changed it since.",
	},
	Events: []shell.Event{
		{Name: "open", What: "go to a board"}, {Name: "edit", What: "what to put and drop, or undo, redo"}, {Name: "hint", What: "a cursor and what it draws, volatile"},
		{Name: "board", What: "all of the board", In: true}, {Name: "delta", What: "what an edit came to", In: true},
		{Name: "hint", What: "somebody’s cursor", In: true}, {Name: "simulated", What: "the switch was used", In: true},
	},
	Files: []string{"events.go", "sheet.go", "board.go", "bots.go", "drawings.json"},
}
