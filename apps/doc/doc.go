// Package doc is a showcase of brio: a text that several people edit at once, and that
// comes together again after they were offline.
//
// The server puts the changes in one order, and transforms each over those that its
// author did not know of. Documents are kept in memory; their text, revision and newest
// changes are stored in SQLite, so that pages go on after a restart from what they hold.
// Who has one open, and their cursors, end with the connection and are not stored.
//
// Read events.go first, then ot.go and text.go, which know nothing of sockets; doc.go
// joins them to a namespace. The page's side is web/copy.js.
package doc

import (
	"context"
	"crypto/rand"
	"embed"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

const (
	home      = "minutes" // the document that is always there
	maxTexts  = 50
	maxPeople = 100 // who are shown in one
)

var docName = regexp.MustCompile(`^[\p{L}\p{N}-]{1,32}$`)

// place is the document that a socket has open, and as which client.
const place brio.Key[[2]string] = "place"

// Doc is the running application.
type Doc struct {
	http.Handler
	site    *site.Site
	ns      *brio.Namespace
	stop    context.CancelFunc
	running sync.WaitGroup

	mu    sync.Mutex // guards what follows; emitting under it keeps revisions in order
	texts map[string]*text
	bots  bots
}

// New starts it on a site.
func New(s *site.Site) *Doc {
	ctx, stop := context.WithCancel(context.Background())
	d := &Doc{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/doc"), stop: stop, texts: map[string]*text{}}
	s.Warn("load documents", d.load())
	if d.bots.next = tidy; d.texts[home] == nil {
		d.add(home)
		for d.bots.next = 0; d.bots.next < 4 && !s.Quiet; d.finish() {
			d.bots.begin(d.texts[home]) // they have begun already
		}
	}
	d.ns.Use(s.Passes.Admit)
	d.ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error {
		d.flush() // it may have been the last one
		return nil
	})
	Open.Handle(d.ns, d.open)
	Edit.Handle(d.ns, d.edit)
	shell.Pulse.Handle(d.ns, shell.Beat)
	crowd := s.Crowd(d.ns)
	d.running.Go(func() {
		crowd.Each(ctx, 150*time.Millisecond, func(_ time.Time, simulated bool) {
			d.simulate(simulated)
			d.flush()
		})
	})
	return d
}

// About describes it to the start page.
func (d *Doc) About() shell.About { return page.About }

// Close ends it, and stores what is not stored yet.
func (d *Doc) Close() {
	d.stop()
	d.running.Wait()
	d.finish()
	d.flush()
}

// open lets a page into a document. It joins and gets its snapshot under the lock: no
// change is in both, and none in neither.
func (d *Doc) open(_ context.Context, s *brio.Socket, o Opening) (none brio.None, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	who, t := site.Who(s), d.texts[o.Doc]
	switch {
	case !docName.MatchString(o.Doc) || len(o.Client) > 32:
		return none, brio.Errorf("Name the document with up to 32 letters, digits and dashes.")
	case t == nil && who.ID == "":
		return none, brio.Errorf("There is no such document.")
	case t == nil && len(d.texts) >= maxTexts:
		return none, brio.Errorf("There are %d documents, and no room for another. Open one of them.", maxTexts)
	case t == nil:
		t = d.add(o.Doc)
	}
	s.Leave(place.Get(s)[0])
	at := [2]string{o.Doc, who.ID + "." + o.Client}
	place.Set(s, at)
	s.Join(o.Doc)
	t.told = Presence{} // to tell it too
	snapshot := Snapshot{Doc: o.Doc, Epoch: t.Epoch, Revision: t.Revision, Client: at[1], Seq: t.Last[at[1]][0]}
	if missed, known := t.since(o.Revision); known && o.Epoch == t.Epoch {
		snapshot.Changes = missed
	} else {
		whole := string(t.runes)
		snapshot.Text = &whole
	}
	return none, Opened.Emit(s, snapshot)
}

// edit makes a change, and tells everybody.
func (d *Doc) edit(_ context.Context, s *brio.Socket, c Change) (none brio.None, err error) {
	if _, err := site.Must(s); err != nil {
		return none, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	at := place.Get(s)
	t := d.texts[at[0]]
	if t == nil || at[0] != c.Doc {
		return none, brio.Errorf("Open the document first.")
	}
	c.Client = at[1]
	return none, d.change(t, c)
}

func (d *Doc) change(t *text, c Change) error {
	if isNew, err := t.change(&c); err != nil || !isNew {
		return err
	}
	return Edited.Emit(d.ns.To(c.Doc), c)
}

func (d *Doc) add(name string) *text {
	d.texts[name] = &text{kept: kept{Epoch: rand.Text(), Last: map[string][2]int{}}, selections: map[string][2]int{}}
	return d.texts[name]
}
