// Package board is a whiteboard: people draw on it together, see each other's pens, and undo what was theirs.
//
// In memory are the boards and what can be undone. SQLite has each board, whole, with the keys of its newest edits, so
// that one which is sent again after a restart is still done once; it is written at most five times a second.
//
// Read events.go first: it is the whole protocol. sheet.go is a board without sockets, with undo per person; this file
// joins it to a namespace; bots.go draws the little pictures of drawings.json; page.go is what surrounds it.
package board

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

const (
	First     = "studio" // the board of the simulated people
	MaxBoards = 16
)

var named = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}-]{1,24}$`)

// Boards is the application. Its methods may be called concurrently.
type Boards struct {
	http.Handler // of the page
	site         *site.Site
	ns           *brio.Namespace
	stop         context.CancelFunc
	running      sync.WaitGroup

	mu     sync.Mutex // guards sheets, and is held while a board is told of: its versions go out in order
	sheets map[string]*sheet
}

// New starts it on a site. Close it before the site.
func New(s *site.Site) *Boards {
	ctx, stop := context.WithCancel(context.Background())
	first := map[string]*sheet{First: {Objects: map[string]*Object{}}}
	b := &Boards{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/board"), stop: stop, sheets: first}
	b.load()
	b.ns.Use(s.Passes.Admit)
	b.ns.OnDisconnect(b.leave)
	Open.Handle(b.ns, b.open)
	Doing.Handle(b.ns, b.hint)
	Change.Handle(b.ns, func(_ context.Context, s *brio.Socket, e Edit) (brio.None, error) {
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
			b.flush()
		})
	})
	return b
}

// About describes it to the start page.
func (b *Boards) About() shell.About { return page.About }

// Close ends what it runs, and stores what is new.
func (b *Boards) Close() {
	b.stop()
	b.running.Wait()
	b.flush()
}

// open shows a board, and from then on what becomes of it. For a new one, those make room that are empty and left.
func (b *Boards) open(ctx context.Context, s *brio.Socket, name string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sheets[name] == nil {
		maps.DeleteFunc(b.sheets, func(other string, s *sheet) bool {
			n, _ := b.ns.To("#" + other).Local().Count(ctx) // it asks nobody, so it can't fail
			free := len(b.sheets) >= MaxBoards && other != First && len(s.Objects)+n == 0
			return free && b.exec(`DELETE FROM board_sheets WHERE board = ?`, other)
		})
		switch _, err := site.Must(s); {
		case err != nil:
			return nil, err
		case !named.MatchString(name):
			return nil, brio.Errorf("Name the board with at most 24 small letters, digits and dashes.")
		case len(b.sheets) >= MaxBoards:
			return nil, brio.Errorf("There are %d boards already. Open one of them, or clear one and leave it.", MaxBoards)
		}
		b.sheets[name] = &sheet{Objects: map[string]*Object{}}
	}
	left := b.leave(ctx, s, "")
	s.Join("#" + name)
	all := Delta{Board: name, Version: b.sheets[name].Version, Put: slices.Collect(maps.Values(b.sheets[name].Objects))}
	return slices.Sorted(maps.Keys(b.sheets)), errors.Join(left, Shown.Emit(s, all))
}

func (b *Boards) leave(_ context.Context, s *brio.Socket, _ brio.Reason) error {
	rooms := s.Rooms()[1:]
	s.Leave(rooms...)
	return Gone.Emit(b.ns.To(rooms...), site.Who(s).ID)
}

// edit changes a board, and tells all who look at it.
func (b *Boards) edit(who site.Person, e Edit) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sheets[e.Board] == nil {
		return brio.Errorf("There is no such board. Open it first.")
	}
	d, err := b.sheets[e.Board].edit(who, e)
	if d == nil {
		return err
	}
	return Changed.Emit(b.ns.To("#"+e.Board), *d)
}

// hint passes on to the others what somebody is at. None of it is kept.
func (b *Boards) hint(_ context.Context, s *brio.Socket, h Hint) (err error) {
	if h.Who, err = site.Must(s); err == nil && h.Object != nil {
		h.Object.By = h.Who
		err = h.Object.check()
	}
	if err != nil {
		return err
	}
	return Doing.Emit(s.To(s.Rooms()[1:]...).Volatile(), h)
}

// load reads what was stored, which fails only with the disk.
func (b *Boards) load() {
	b.site.Schema(`CREATE TABLE IF NOT EXISTS board_sheets (board TEXT PRIMARY KEY, sheet BLOB)`)
	rows, err := b.site.DB.QueryContext(context.Background(), `SELECT board, sheet FROM board_sheets`)
	for err == nil && rows.Next() {
		var name string
		var text []byte
		s := &sheet{}
		err = rows.Scan(&name, &text)
		err = errors.Join(err, json.Unmarshal(text, s))
		b.sheets[name], s.stored = s, s.Version
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		panic(err)
	}
}

// flush stores the boards that have changed.
func (b *Boards) flush() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, s := range b.sheets {
		if text, err := json.Marshal(s); err == nil && s.stored != s.Version && b.exec(`REPLACE INTO board_sheets VALUES (?, ?)`, name, text) {
			s.stored = s.Version
		}
	}
}

func (b *Boards) exec(statement string, args ...any) (done bool) {
	_, err := b.site.DB.ExecContext(context.Background(), statement, args...)
	b.site.Warn("store a board", err)
	return err == nil
}
