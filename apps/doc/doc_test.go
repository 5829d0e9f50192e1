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
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// start opens the application, and returns what serves it and a function that ends it.
func start(t *testing.T, config site.Config) (*Doc, *briotest.Site, func()) {
	t.Helper()
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

	first := Change{Doc: home, Client: "bob.x", Seq: 1, Operation: Operation{{Insert: "hello 🌱"}}, Selection: [2]int{7, 7}}
	for range 2 {
		briotest.Do(t, ada, Edit, first) // the second time it counts already
	}
	briotest.Do(t, bob, Edit, Change{Doc: home, Seq: 1, Operation: Operation{{Insert: "!"}}})
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

	refused(t, guest, Edit, Change{Doc: home, Seq: 1}, "Without a pass")
	refused(t, guest, Open, State{Doc: "new"}, "no room")
	refused(t, bob, Edit, Change{Doc: "other", Seq: 9}, "Open the document first")
	refused(t, bob, Open, State{Doc: "a/b"}, "letters, digits and dashes")
	refused(t, bob, Edit, Change{Doc: home, Seq: 9}, "Open the document first") // it has left when it wanted another
	enter(t, bob, nothing)
	refused(t, bob, Edit, Change{Doc: home, Seq: 9, Revision: 2, Operation: Operation{{Keep: 1 << 62}, {Keep: 1 << 62}}}, "no change of this text")
	for i := range maxTexts - 1 {
		enter(t, ada, State{Doc: fmt.Sprint("doc-", i), Client: "x"})
		briotest.Do(t, ada, Edit, Change{Doc: fmt.Sprint("doc-", i), Seq: 1, Operation: Operation{{Insert: "x"}}})
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
		briotest.Do(t, ada, Edit, Change{Doc: "seeds", Seq: i + 1, Revision: i, Operation: Operation{{Insert: "🌱"}}.add(Step{Keep: i})})
	}
	ada.Close()
	stop()

	d, net, stop = start(t, config)
	defer stop()
	ada = connect(t, d, net, "ada")
	after := enter(t, ada, State{Doc: "seeds", Client: "x", Epoch: before.Epoch, Revision: 1})
	if after.Revision != 3 || len(after.Changes) != 2 || after.Seq != 3 || string(d.texts["seeds"].runes) != "🌱🌱🌱" {
		t.Errorf("after the restart: %+v, %q", after, string(d.texts["seeds"].runes))
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
		warm := string(d.texts[home].runes)
		if !strings.HasPrefix(warm, "Garden club, minutes of April\nPresent: ") || !strings.Contains(warm, "For the meeting in May\n") {
			t.Errorf("it begins with %q", warm)
		}
		time.Sleep(time.Hour)
		if string(d.texts[home].runes) != warm {
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
			n := len(d.texts[home].runes)
			revision := d.texts[home].Revision
			d.mu.Unlock()
			at := n * i / 4
			o := Operation{}.add(Step{Keep: at}).add(Step{Insert: text}).add(Step{Keep: n - at})
			briotest.Do(t, ada, Edit, Change{Doc: home, Seq: i + 1, Revision: revision, Operation: o})
			time.Sleep(5 * time.Second)
		}
		longest, corrected := 0, false
		for range 240 {
			time.Sleep(time.Second)
			d.mu.Lock()
			whole := string(d.texts[home].runes)
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
