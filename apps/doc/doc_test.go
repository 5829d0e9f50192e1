package doc

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/doc/ot"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// start opens the application, and returns what serves it and a function that ends it.
func start(t *testing.T, config site.Config) (*Doc, *briotest.Site, func()) {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	d := New(s)
	return d, briotest.Serve(t, s.Server), func() {
		d.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

func connect(t *testing.T, d *Doc, net *briotest.Site, name string) *briotest.Client {
	t.Helper()
	auth := map[string]string{}
	if name != "" {
		pass, err := d.site.Passes.Make(site.Person{ID: name, Name: name, Role: "visitor"})
		if err != nil {
			t.Fatal(err)
		}
		auth["pass"] = pass
	}
	return net.Connect(t, "/doc", client.Config{Auth: auth})
}

func enter(t *testing.T, c *briotest.Client, held State) State {
	t.Helper()
	briotest.Do(t, c, Open, held)
	return briotest.Next(t, c, Opened)
}

func refused[Req any](t *testing.T, c *briotest.Client, call brio.Call[Req, brio.None], req Req, want string) {
	t.Helper()
	if _, err := call.Do(t.Context(), c, req); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v is answered with %v, want %q", req, err, want)
	}
}

func TestOverTheNetwork(t *testing.T) {
	d, net, stop := start(t, site.Config{Quiet: true})
	defer stop()
	ada, bob, guest := connect(t, d, net, "ada"), connect(t, d, net, "bob"), connect(t, d, net, "")
	nothing := State{Doc: home, Client: "x", Revision: -1}
	if s := enter(t, ada, nothing); *s.Text != "" || s.Client != "ada.x" || s.Revision != 0 {
		t.Errorf("the state is %+v", s)
	}
	if s := enter(t, bob, nothing); len(s.People) != 2 || s.People["ada.x"].Who.Name != "ada" {
		t.Errorf("the people are %+v", s.People)
	}
	enter(t, guest, nothing)

	first := Change{Change: ot.Change{Client: "bob.x", Seq: 1, Operation: ot.Operation{{Insert: "hello 🌱"}}, Selection: [2]int{7, 7}}, Doc: home}
	for range 2 {
		briotest.Do(t, ada, Edit, first) // the second time it counts already
	}
	briotest.Do(t, bob, Edit, Change{Change: ot.Change{Seq: 1, Operation: ot.Operation{{Insert: "!"}}}, Doc: home})
	for _, c := range []*briotest.Client{bob, guest} {
		texts := []string{}
		for len(texts) < 2 {
			if e := briotest.Next(t, c, Edited); e.Operation != nil {
				texts = append(texts, fmt.Sprintln(e.Client, e.Revision, e.Operation))
			}
		}
		if got := strings.TrimSpace(strings.ReplaceAll(strings.Join(texts, ""), "\n", "; ")); got != "ada.x 1 [{0 0 hello 🌱}]; bob.x 2 [{7 0 } {0 0 !}];" {
			t.Error("they hear", got)
		}
	}
	again := enter(t, ada, State{Doc: home, Client: "x", Epoch: d.texts[home].Epoch, Revision: 1})
	if again.Text != nil || len(again.Changes) != 1 || again.Seq != 1 {
		t.Errorf("who holds revision 1 gets %+v", again)
	}

	refused(t, guest, Edit, Change{Change: ot.Change{Seq: 1}, Doc: home}, "Without a pass")
	refused(t, guest, Open, State{Doc: "new"}, "no room")
	refused(t, bob, Edit, Change{Change: ot.Change{Seq: 9}, Doc: "other"}, "Open the document first")
	refused(t, bob, Open, State{Doc: "a/b"}, "letters, digits and dashes")
	refused(t, bob, Edit, Change{Change: ot.Change{Seq: 9}, Doc: home}, "Open the document first") // it has left when it wanted another
	enter(t, bob, nothing)
	refused(t, bob, Edit, Change{Change: ot.Change{Seq: 9, Revision: 2, Operation: ot.Operation{{Keep: 1 << 62}, {Keep: 1 << 62}}}, Doc: home}, "no change of this text")
	for i := range maxTexts - 1 {
		enter(t, ada, State{Doc: fmt.Sprint("doc-", i), Client: "x"})
		briotest.Do(t, ada, Edit, Change{Change: ot.Change{Seq: 1, Operation: ot.Operation{{Insert: "x"}}}, Doc: fmt.Sprint("doc-", i)})
	}
	refused(t, ada, Open, State{Doc: "one-more"}, "There are 50 documents")
}

// What is stored is there after a restart: a page goes on with the changes it lacks.
func TestRestart(t *testing.T) {
	config := site.Config{Quiet: true, Data: t.TempDir()}
	d, net, stop := start(t, config)
	ada := connect(t, d, net, "ada")
	before := enter(t, ada, State{Doc: "seeds", Client: "x", Revision: -1})
	for i := range 3 {
		briotest.Do(t, ada, Edit, Change{Change: ot.Change{Seq: i + 1, Revision: i, Operation: ot.Operation{{Insert: "🌱"}}.Add(ot.Step{Keep: i})}, Doc: "seeds"})
	}
	ada.Close()
	stop()

	d, net, stop = start(t, config)
	defer stop()
	ada = connect(t, d, net, "ada")
	after := enter(t, ada, State{Doc: "seeds", Client: "x", Epoch: before.Epoch, Revision: 1})
	if after.Revision != 3 || len(after.Changes) != 2 || after.Seq != 3 || string(d.texts["seeds"].Runes) != "🌱🌱🌱" {
		t.Errorf("after the restart: %+v, %q", after, string(d.texts["seeds"].Runes))
	}
}

// What could not be stored, as the disk was full, is stored when there is room.
func TestFullDisk(t *testing.T) {
	config := site.Config{Quiet: true, Data: t.TempDir()}
	d, net, stop := start(t, config)
	pages := func(most int) {
		if _, err := d.site.DB.ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", most)); err != nil {
			t.Fatal(err)
		}
	}
	ada := connect(t, d, net, "ada")
	enter(t, ada, State{Doc: "long", Client: "x", Revision: -1})
	pages(1) // no more than there are
	long := strings.Repeat("long ", 4000)
	briotest.Do(t, ada, Edit, Change{Change: ot.Change{Seq: 1, Operation: ot.Operation{{Insert: long}}}, Doc: "long"})
	d.store()
	pages(1 << 20)
	ada.Close()
	stop()

	d, _, stop = start(t, config)
	defer stop()
	if long := d.texts["long"]; long == nil || len(long.Runes) != 20000 {
		t.Error("what was written while the disk was full is lost")
	}
}

// A document that is empty and that nobody has open is forgotten, also on the disk.
func TestEmptyDocumentsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, net, stop := start(t, site.Config{Quiet: true})
		defer stop()
		ada := connect(t, d, net, "ada")
		enter(t, ada, State{Doc: "short", Client: "x", Revision: -1})
		enter(t, ada, State{Doc: home, Client: "x", Revision: -1})
		time.Sleep(2 * time.Second)
		d.mu.Lock()
		names := d.names()
		d.mu.Unlock()
		if len(names) != 1 {
			t.Errorf("there are %q", names)
		}
	})
}

// The simulated people write the whole script, correct all of it and tidy up, and what a
// visitor writes among it stays.
func TestSimulatedPeopleLeaveWhatOthersWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, net, stop := start(t, site.Config{})
		defer stop()
		warm := string(d.texts[home].Runes)
		if !strings.HasPrefix(warm, "Garden club, minutes of April\nPresent: ") || !strings.Contains(warm, "For the meeting in May\n") {
			t.Errorf("it begins with %q", warm)
		}
		time.Sleep(time.Hour)
		if string(d.texts[home].Runes) != warm {
			t.Error("they write though nobody is there")
		}

		ada := connect(t, d, net, "ada")
		s := enter(t, ada, State{Doc: home, Client: "x", Revision: -1})
		if len(s.People) != 5 {
			t.Errorf("%d people are there", len(s.People))
		}
		mine := []string{"Ada: ", " (says Ada)", " 🌱"}
		for i, text := range mine {
			d.mu.Lock()
			n := len(d.texts[home].Runes)
			revision := d.texts[home].Revision
			d.mu.Unlock()
			at := n * i / 4
			o := ot.Operation{}.Add(ot.Step{Keep: at}).Add(ot.Step{Insert: text}).Add(ot.Step{Keep: n - at})
			briotest.Do(t, ada, Edit, Change{Change: ot.Change{Seq: i + 1, Revision: revision, Operation: o}, Doc: home})
			time.Sleep(5 * time.Second)
		}
		longest, corrected := 0, false
		for range 240 {
			time.Sleep(time.Second)
			d.mu.Lock()
			whole := string(d.texts[home].Runes)
			d.mu.Unlock()
			longest = max(longest, len(whole))
			corrected = corrected || strings.Contains(whole, "two tables.") && !strings.Contains(whole, "erlier")
			for _, text := range mine {
				if !strings.Contains(whole, text) {
					t.Fatalf("%q is gone from %q", text, whole)
				}
			}
		}
		if longest < 1000 || longest > 4000 || !corrected {
			t.Errorf("at most %d characters, corrected: %v", longest, corrected)
		}
		ada.Close()
	})
}

// The script is text that one edits by hand.
func TestScript(t *testing.T) {
	for _, line := range strings.Fields(strings.NewReplacer(" ", "_").Replace(script)) {
		if step := strings.Split(line, "|"); len(step) != 4 || !slices.Contains(bots, step[0]) {
			t.Errorf("%q is no line", line)
		}
	}
	if len(parts) != 2 {
		t.Errorf("there are %d parts", len(parts))
	}
}
