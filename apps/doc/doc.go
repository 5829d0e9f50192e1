// Package doc is a showcase of brio: a text that several people edit at once, and that
// comes together again after they were offline.
//
// The server puts the changes in one order, and transforms each over those that its
// author did not know of. In memory are at most 50 documents of 20,000 characters; their
// text, revision and newest 200 changes are stored in SQLite, so that pages go on after a
// restart from what they hold.
// Who has one open, and their cursors, end with the connection and are not stored.
//
// Read events.go first; then package ot below, the text and its transformation, which
// knows nothing of sockets; doc.go joins it to a namespace. The page's side is web/copy.js.
package doc

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/doc/ot"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

const (
	home                = "minutes" // the document that is always there
	maxTexts, maxPeople = 50, 100
)

var docName = regexp.MustCompile(`^[\p{L}\p{N}-]+$`)

// place is the document that a socket has open, and as which client.
const place brio.Key[[2]string] = "place"

// text is a document. A text that began anew has another epoch.
type text struct {
	ot.Text
	Epoch  string
	people map[string]Change // the last one of each client that is there
	stored int               // the revision that is
}

// Doc is the running application.
type Doc struct {
	http.Handler
	site    *site.Site
	ns      *brio.Namespace
	stop    context.CancelFunc
	running sync.WaitGroup

	mu    sync.Mutex // guards what follows; emitting under it keeps revisions in order
	texts map[string]*text
	parts [2]part
}

// New starts it on a site.
func New(s *site.Site) *Doc {
	ctx, stop := context.WithCancel(context.Background())
	d := &Doc{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/doc"), stop: stop, texts: map[string]*text{}}
	s.Warn("load documents", d.load())
	if d.texts[home] == nil {
		d.add(home)
	}
	d.begin()
	s.Admit(d.ns, site.Rates{string(Open): 5, string(Edit): 50})
	d.ns.OnDisconnect(func(_ context.Context, s *brio.Socket, _ brio.Reason) error {
		defer d.store() // it may have been the last one
		return d.leave(s)
	})
	Open.Handle(d.ns, d.open)
	Edit.Handle(d.ns, d.edit)
	shell.Pulse.Handle(d.ns, shell.Beat)
	crowd := s.Crowd(d.ns)
	d.running.Go(func() { crowd.Each(ctx, 150*time.Millisecond, func(_ time.Time, on bool) { d.simulate(on) }) })
	d.running.Go(func() { crowd.Each(ctx, 500*time.Millisecond, func(time.Time, bool) { d.store() }) })
	return d
}

// About describes it to the start page.
func (d *Doc) About() shell.About { return page.About }

// Close ends it, and stores what is not stored yet.
func (d *Doc) Close() {
	d.stop()
	d.running.Wait()
	d.store()
}

// open lets a page into a document. It joins and gets its state under the lock: no
// change is in both, and none in neither.
func (d *Doc) open(_ context.Context, s *brio.Socket, held State) (none brio.None, err error) {
	if err := d.leave(s); err != nil {
		return none, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	who, t := site.Who(s), d.texts[held.Doc]
	switch {
	case !docName.MatchString(held.Doc) || max(utf8.RuneCountInString(held.Doc), len(held.Client)) > 32:
		return none, brio.Errorf("Name the document with up to 32 letters, digits and dashes.")
	case t == nil && (who.ID == "" || len(d.texts) >= maxTexts):
		return none, brio.Errorf("There are %d documents, and no room for another. Open one of them.", len(d.texts))
	case t == nil:
		t, err = d.add(held.Doc), Documents.Emit(d.ns, d.names())
	case len(t.people) >= maxPeople:
		return none, brio.Errorf("There are %d people at this document. Open another one.", maxPeople)
	}
	at := [2]string{held.Doc, who.ID + "." + held.Client}
	place.Set(s, at)
	s.Join(held.Doc)
	if who.ID != "" {
		err = errors.Join(err, d.tell(t, Change{Change: ot.Change{Client: at[1]}, Doc: at[0], Who: who, socket: s.ID()}))
	}
	state := State{at[0], t.Epoch, t.Revision, at[1], t.Last[at[1]][0], nil, nil, t.people, d.names()}
	missed, known := t.Since(held.Revision)
	if state.Changes = missed; !known || held.Epoch != t.Epoch {
		whole := string(t.Runes)
		state.Text, state.Changes = &whole, nil
	}
	return none, errors.Join(err, Opened.Emit(s, state))
}

// edit makes a change.
func (d *Doc) edit(_ context.Context, s *brio.Socket, c Change) (none brio.None, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := place.Get(s)
	if c.Who, err = site.Must(s); err != nil {
		return none, err
	} else if at[0] != c.Doc || d.texts[c.Doc] == nil {
		return none, brio.Errorf("Open the document first.")
	}
	c.Client, c.Gone, c.socket = at[1], false, s.ID()
	return none, d.change(d.texts[c.Doc], c)
}

func (d *Doc) change(t *text, c Change) error {
	news, err := t.Make(&c.Change)
	if err != nil {
		return brio.Errorf("%s", err)
	} else if !news {
		return nil
	}
	for client, p := range t.people {
		p.Selection = c.Operation.Move(p.Selection)
		t.people[client] = p
	}
	return d.tell(t, c)
}

// tell tells everybody at a document of a change. The caller has the lock.
func (d *Doc) tell(t *text, c Change) error {
	key := "" // a selection makes the one before worthless, an operation doesn't
	if c.Operation == nil && !c.Gone {
		key = c.Client
	}
	err := Edited.Emit(d.ns.To(c.Doc).Latest(key), c)
	if delete(t.people, c.Client); !c.Gone {
		c.Operation = nil
		t.people[c.Client] = c
	}
	return err
}

// leave lets a socket out of its document.
func (d *Doc) leave(s *brio.Socket) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := place.Get(s)
	s.Leave(at[0])
	place.Set(s, [2]string{})
	if t := d.texts[at[0]]; t != nil && t.people[at[1]].socket == s.ID() {
		return d.tell(t, Change{Change: ot.Change{Client: at[1]}, Doc: at[0], Gone: true})
	}
	return nil
}

func (d *Doc) add(name string) *text {
	d.texts[name] = &text{Text: ot.Text{Last: map[string][2]int{}}, Epoch: rand.Text(), people: map[string]Change{}}
	return d.texts[name]
}

func (d *Doc) names() []string { return slices.Sorted(maps.Keys(d.texts)) }

// load reads what is stored.
func (d *Doc) load() error {
	d.site.Schema(`CREATE TABLE IF NOT EXISTS doc_text (name TEXT PRIMARY KEY, text TEXT NOT NULL, kept BLOB NOT NULL)`)
	rows, err := d.site.DB.QueryContext(context.Background(), `SELECT name, text, kept FROM doc_text`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err says what is wrong
	for rows.Next() {
		var name, whole, state string
		err := rows.Scan(&name, &whole, &state)
		t := d.add(name)
		if err := errors.Join(err, json.Unmarshal([]byte(state), t)); err != nil {
			return err
		}
		t.Runes, t.stored = []rune(whole), t.Revision
	}
	return rows.Err()
}

// store stores the documents that have changed, and forgets those that are empty.
func (d *Doc) store() {
	var rows [][3]any
	d.mu.Lock()
	for name, t := range d.texts {
		if t.stored != t.Revision {
			state, err := json.Marshal(t)
			d.site.Warn("store", err)
			rows, t.stored = append(rows, [3]any{name, string(t.Runes), state}), t.Revision
		} else if len(t.Runes)+len(t.people) == 0 && name != home {
			delete(d.texts, name)
		}
	}
	d.mu.Unlock()
	for _, row := range rows {
		_, err := d.site.DB.ExecContext(context.Background(), `REPLACE INTO doc_text VALUES (?, ?, ?)`, row[:]...)
		_, dropped := d.site.DB.ExecContext(context.Background(), `DELETE FROM doc_text WHERE text = ''`)
		d.site.Warn("store", errors.Join(err, dropped))
		if err != nil {
			d.again(row[0].(string))
		}
	}
}

// again has a document stored the next time that could not be stored.
func (d *Doc) again(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if t := d.texts[name]; t != nil {
		t.stored = -1
	}
}
