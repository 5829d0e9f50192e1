package board

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// copyOf is a board as one page knows it, from a snapshot and the deltas after it.
type copyOf struct {
	mu      sync.Mutex // guards what follows
	version uint64
	objects map[string]string // as JSON
	faults  []string
}

func follow(c *client.Socket) *copyOf {
	f := &copyOf{objects: map[string]string{}}
	Shown.On(c, func(_ context.Context, d Delta) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.objects, f.version = map[string]string{}, d.Version
		f.put(d)
		return nil
	})
	Edited.On(c, func(_ context.Context, d Delta) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.version++; f.version != d.Version {
			f.faults = append(f.faults, fmt.Sprintf("version %d comes where %d is due", d.Version, f.version))
		}
		for _, id := range d.Drop {
			delete(f.objects, id)
		}
		f.put(d)
		return nil
	})
	return f
}

func (f *copyOf) put(d Delta) {
	for _, o := range d.Put {
		f.objects[o.ID] = text(o)
	}
}

func text(o *Object) string {
	if o == nil {
		return ""
	}
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// Several people draw, move, erase, clear, undo and redo at random, and others come in the middle of it. In the end all
// have what the server has, nobody got a version twice or not at all, and whoever undid something undid their own.
func TestManyPeopleDrawAtOnce(t *testing.T) {
	const people, edits, late = 6, 100, 12
	synctest.Test(t, func(t *testing.T) {
		s, b := start(t, site.Config{Quiet: true})
		net := briotest.Serve(t, s.Server)
		watch := &judge{objects: map[string]string{}, did: map[string]bool{}}
		first := connect(t, net, s, "watch")
		Edited.On(first.Socket, watch.hear)
		briotest.Do(t, first, Open, First)

		var copies []*copyOf
		var drawing sync.WaitGroup
		for i := range people {
			c := connect(t, net, s, fmt.Sprint("person", i))
			f := follow(c.Socket)
			copies = append(copies, f)
			briotest.Do(t, c, Open, First)
			drawing.Go(func() { scribble(t, c, f, fmt.Sprint("person", i), edits) })
		}
		for i := range late {
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			c := connect(t, net, s, fmt.Sprint("late", i))
			copies = append(copies, follow(c.Socket))
			briotest.Do(t, c, Open, First)
		}
		drawing.Wait()
		synctest.Wait()

		want := map[string]string{}
		b.mu.Lock()
		version := b.sheets[First].Version
		for id, o := range b.sheets[First].Objects {
			want[id] = text(o)
		}
		b.mu.Unlock()
		for i, f := range copies {
			f.mu.Lock()
			if diff := cmp.Diff(want, f.objects); diff != "" || f.version != version || len(f.faults) > 0 {
				t.Errorf("page %d has version %d, want %d; %v; %s", i, f.version, version, f.faults, diff)
			}
			f.mu.Unlock()
		}
		for _, fault := range watch.faults {
			t.Error(fault)
		}
		if watch.undone < people || watch.redone < people || len(want) == 0 {
			t.Errorf("%d are undone, %d redone, %d objects are left: that is no test", watch.undone, watch.redone, len(want))
		}
		t.Logf("%d versions, %d undone, %d redone, %d objects left", version, watch.undone, watch.redone, len(want))
	})
}

// scribble edits at random. A refusal is as good an answer as any: others are at it, too.
func scribble(t *testing.T, c *briotest.Client, f *copyOf, who string, edits int) {
	random := rand.New(rand.NewPCG(uint64(len(who)), uint64(who[len(who)-1])))
	for i := range edits {
		e := Delta{Board: First, Key: fmt.Sprintf("%s-%d-edit", who, i)}
		ids := f.ids()
		switch n := random.IntN(20); {
		case n < 8 || len(ids) == 0:
			e.Put = []*Object{line(fmt.Sprintf("%s-%d", who, i), int16(random.IntN(1500)))}
		case n < 12:
			o := line(ids[random.IntN(len(ids))], int16(random.IntN(1500)))
			o.Z = 1
			e.Put = []*Object{o}
		case n < 14:
			e.Drop = []string{ids[random.IntN(len(ids))], ids[random.IntN(len(ids))]}
		case n < 18:
			e.Do, e.Key = "undo", fmt.Sprintf("%s-%d-undo", who, i)
		case n < 19 || i%50 > 0:
			e.Do, e.Key = "redo", fmt.Sprintf("%s-%d-redo", who, i)
		default:
			e.Drop = ids // all
		}
		for range 1 + random.IntN(2) { // some come twice
			if _, err := Edit.Do(t.Context(), c, e); err != nil && !strings.Contains(err.Error(), "nothing left") {
				t.Errorf("%+v: %v", e, err)
			}
		}
		time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
	}
}

// ids are those of the objects that the page has.
func (f *copyOf) ids() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.objects))
}

// judge watches all deltas: an undo must be the inverse of something its person did, and a redo the same again.
type judge struct {
	objects        map[string]string
	did            map[string]bool // "person id before after"
	undone, redone int
	faults         []string
}

func (j *judge) hear(_ context.Context, d Delta) error {
	who, _, _ := strings.Cut(d.Key, "-")
	kind := d.Key[strings.LastIndex(d.Key, "-")+1:]
	now := map[string]string{}
	for _, o := range d.Put {
		now[o.ID] = text(o)
	}
	for _, id := range d.Drop {
		now[id] = ""
	}
	for id, after := range now {
		before := j.objects[id]
		change, back := strings.Join([]string{who, id, before, after}, "\n"), strings.Join([]string{who, id, after, before}, "\n")
		switch {
		case kind == "edit":
			j.did[change] = true
		case kind == "undo" && !j.did[back], kind == "redo" && !j.did[change]:
			j.faults = append(j.faults, fmt.Sprintf("%s by %s changes %s from %s to %s, which %s never did", kind, who, id, before, after, who))
		}
		if j.objects[id] = after; after == "" {
			delete(j.objects, id)
		}
	}
	switch kind {
	case "undo":
		j.undone++
	case "redo":
		j.redone++
	}
	return nil
}

func start(t *testing.T, config site.Config) (*site.Site, *Boards) {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	b := New(s)
	t.Cleanup(func() {
		b.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, b
}

func connect(t *testing.T, net *briotest.Site, s *site.Site, id string) *briotest.Client {
	t.Helper()
	pass, err := s.Passes.Make(site.Person{ID: id, Name: id, Role: "visitor"})
	if err != nil {
		t.Fatal(err)
	}
	return net.Connect(t, "/board", client.Config{Auth: map[string]string{"pass": pass}})
}
