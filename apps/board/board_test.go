package board

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, site.Config{Quiet: true})
		net := briotest.Serve(t, s.Server)
		guest := net.Connect(t, "/board", client.Config{})
		ada, bob := connect(t, net, s, "ada"), connect(t, net, s, "bob")

		briotest.Do(t, guest, Open, First)
		if d := briotest.Next(t, guest, Shown); d.Board != First || len(d.Put) != 0 {
			t.Errorf("a guest is shown %+v", d)
		}
		refuses(t, guest, "mine", "Without a pass you can only look on")
		for _, name := range []string{"", "a/b", "A", "a b", strings.Repeat("a", 25), "#a"} {
			refuses(t, ada, name, "Name the board with at most 24 small letters")
		}
		if names := briotest.Do(t, ada, Open, "plans"); strings.Join(names, " ") != "plans studio" {
			t.Errorf("the boards are %q", names)
		}
		briotest.Do(t, bob, Open, First)
		briotest.Next(t, ada, Shown)
		briotest.Next(t, bob, Shown)

		e := Delta{Board: "plans", Key: "1", Put: []*Object{line("a", 10)}}
		briotest.Do(t, ada, Edit, e)
		if d := briotest.Next(t, ada, Edited); d.Version != 1 || d.Key != "1" || d.Put[0].By.Name != "ada" {
			t.Errorf("ada hears of %+v", d)
		}
		bob.Quiet(t) // he looks at another board
		briotest.Do(t, bob, Open, "plans")
		if d := briotest.Next(t, bob, Shown); d.Version != 1 || len(d.Put) != 1 {
			t.Errorf("bob is shown %+v", d)
		}
		if _, err := Edit.Do(t.Context(), guest, e); err == nil || !strings.Contains(err.Error(), "Without a pass") {
			t.Error(err)
		}
		e.Board = "nowhere"
		if _, err := Edit.Do(t.Context(), ada, e); err == nil || !strings.Contains(err.Error(), "no such board") {
			t.Error(err)
		}
	})
}

func TestBoardsAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := start(t, site.Config{Quiet: true})
		ada := connect(t, briotest.Serve(t, s.Server), s, "ada")
		for i := range maxBoards - 1 {
			name := fmt.Sprint("board", i)
			briotest.Do(t, ada, Open, name)
			briotest.Do(t, ada, Edit, Delta{Board: name, Key: fmt.Sprint("e", i), Put: []*Object{line("a", 10)}})
		}
		refuses(t, ada, "more", "There are 16 boards already")
		briotest.Do(t, ada, Edit, Delta{Board: "board3", Key: "clear", Drop: []string{"a"}})
		if names := briotest.Do(t, ada, Open, "more"); len(names) != maxBoards || strings.Contains(strings.Join(names, " "), "board3") {
			t.Errorf("the boards are %q", names)
		}
		var stored int
		if err := b.site.DB.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM board_sheets`).Scan(&stored); err != nil || stored != maxBoards-2 {
			t.Errorf("%d boards are stored, %v", stored, err) // neither the first nor the new one has anything
		}
	})
}

func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, site.Config{Quiet: true})
		net := briotest.Serve(t, s.Server)
		ada, bob, eve, guest := connect(t, net, s, "ada"), connect(t, net, s, "bob"), connect(t, net, s, "eve"), net.Connect(t, "/board", client.Config{})
		for c, name := range map[*briotest.Client]string{ada: First, bob: First, guest: First, eve: "plans"} {
			briotest.Do(t, c, Open, name)
			briotest.Next(t, c, Shown)
		}
		forged := line("a", 10)
		forged.By = site.Person{ID: "eve", Name: strings.Repeat("e", 1000)}
		briotest.Send(t, ada, Point, Hint{Who: forged.By, At: [2]int16{5, 6}, Object: forged, From: 3})
		for _, c := range []*briotest.Client{bob, guest} {
			if h := briotest.Next(t, c, Point); h.Who.ID != "ada" || h.Object.By != h.Who || h.At != [2]int16{5, 6} || h.From != 3 {
				t.Errorf("they see %+v", h)
			}
		}
		briotest.Send(t, ada, Point, Hint{From: maxPoints + 1})
		forged.Kind = "page"
		for c, h := range map[*briotest.Client]Hint{ada: {Object: forged}, guest: {}} {
			if _, err := c.Do(t.Context(), string(Point), h); err == nil {
				t.Errorf("%+v is taken for a hint", h)
			}
		}
		for _, c := range []*briotest.Client{ada, bob, eve, guest} {
			c.Quiet(t)
		}
	})
}

func TestWhatIsStored(t *testing.T) {
	folder := t.TempDir()
	one := Delta{Board: First, Key: "1", Put: []*Object{line("a", 10)}}
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, site.Config{Data: folder, Quiet: true})
		ada := connect(t, briotest.Serve(t, s.Server), s, "ada")
		briotest.Do(t, ada, Edit, one)
		briotest.Do(t, ada, Edit, Delta{Board: First, Key: "2", Put: []*Object{line("b", 20)}})
		briotest.Do(t, ada, Edit, Delta{Board: First, Key: "3", Drop: []string{"a"}})
	})
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, site.Config{Data: folder, Quiet: true})
		ada := connect(t, briotest.Serve(t, s.Server), s, "ada")
		briotest.Do(t, ada, Edit, one) // sent again: it is not drawn again, though it is gone
		briotest.Do(t, ada, Open, First)
		if d := briotest.Next(t, ada, Shown); d.Version != 3 || len(d.Put) != 1 || d.Put[0].ID != "b" || d.Put[0].By.ID != "ada" {
			t.Errorf("after the restart the board is %+v", d)
		}
		if _, err := Edit.Do(t.Context(), ada, Delta{Board: First, Key: "4", Do: "undo"}); err == nil || !strings.Contains(err.Error(), "nothing left to undo") {
			t.Error(err)
		}
	})
}

func TestSimulatedPeopleDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, b := start(t, site.Config{})
		size := func() (version uint64, n int) {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.sheets[First].Version, len(b.sheets[First].Objects)
		}
		begun, n := size()
		if n < 40 {
			t.Errorf("the board begins with %d objects", n)
		}
		time.Sleep(time.Hour)
		if version, _ := size(); version != begun {
			t.Error("nobody is there, and they draw")
		}

		ada := connect(t, briotest.Serve(t, s.Server), s, "ada")
		briotest.Do(t, ada, Edit, Delta{Board: First, Key: "1", Put: []*Object{line("a", 10)}})
		most := 0
		for range 24 {
			time.Sleep(10 * time.Second)
			_, n := size()
			most = max(most, n)
		}
		version, n := size()
		if version < begun+100 || most > 150 || n < 40 {
			t.Errorf("in four minutes they make %d edits, and the board has %d objects, at most %d", version-begun, n, most)
		}
		b.mu.Lock()
		if len(b.sheets[First].Keys) != 1 || len(b.sheets[First].steps) != 1 {
			t.Errorf("what people did is forgotten for them: %d keys, %d steps", len(b.sheets[First].Keys), len(b.sheets[First].steps))
		}
		b.mu.Unlock()
	})
}

// The pictures are made of what people can draw, too.
func TestDrawings(t *testing.T) {
	_, b := start(t, site.Config{Quiet: true})
	artists := b.artists()
	if len(artists) != 4 {
		t.Errorf("there are %d artists", len(artists))
	}
	for _, a := range artists {
		if a.Person.Role != simulated || a.First < 1 || a.First >= len(a.Script) {
			t.Errorf("%+v begins with %d of %d objects", a.Person, a.First, len(a.Script))
		}
		for _, step := range a.Script {
			if err := step.Put[0].check(); err != nil || len(step.Put) != 1 {
				t.Errorf("%s draws %+v: %v", a.Person.Name, step.Put, err)
			}
		}
	}
}

func refuses(t *testing.T, c *briotest.Client, name, want string) {
	t.Helper()
	if _, err := Open.Do(context.Background(), c, name); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("to open %q is answered with %v, want %q", name, err, want)
	}
}
