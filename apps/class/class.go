// Package class is a showcase of brio: a live class, in which a teacher asks, everybody
// answers before the bell, and hands and reactions go up.
// The lesson is in memory. Once its bell has rung, a question is stored with its answers,
// the last 12 of up to 2,000 answers each, as the points they bring outlive the server.
//
// Read events.go first: it is the whole protocol. lesson.go knows nothing of sockets;
// class.go joins it to a namespace; crowd.go plays the simulated people.
package class

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

var (
	//go:embed web page.json quiz.json pupils.json
	files embed.FS
	//go:embed schema.sql
	schema string
	page   = read[shell.Content]("page.json")
	quiz   = read[[]Question]("quiz.json")
	pupils = read[[]site.Person]("pupils.json")
	linde  = site.Person{ID: "~", Name: "Ms Linde", Role: "teacher"} // a tilde says that somebody is simulated
	kinds  = []string{"bravo", "heart", "idea", "puzzled"}           // of reactions
)

// Class is a running class, on the namespace "/class".
type Class struct {
	http.Handler // serves the page
	site         *site.Site
	ns           *brio.Namespace
	stop         context.CancelFunc
	running      sync.WaitGroup
	// mu guards what follows. Emit doesn't block: pages are told with mu held, so in order.
	mu sync.Mutex
	lesson
	board []Rank // who has points, the best first
	shown Room   // what the pages have been told
	rand  *rand.Rand
	here  []site.Person // of the simulated ones
	asked int           // by them
}

// New starts a class. Close it to end its goroutine.
func New(s *site.Site) *Class {
	ctx, stop := context.WithCancel(context.Background())
	c := &Class{Handler: shell.Page(page, files), site: s, ns: s.Server.Of("/class"), stop: stop, rand: rand.New(rand.NewPCG(1, 2))}
	c.question.Rung, c.reactions = true, map[string]string{}
	s.Schema(schema)
	s.Warn("class: read the board", c.rank())
	s.Admit(c.ns, site.Rates{string(Answer): 2, string(Hand): 2, string(React): 5, string(Launch): 1, string(Floor): 2})
	c.ns.OnConnect(c.arrive)
	shell.Pulse.Handle(c.ns, shell.Beat)
	Clock.Handle(c.ns, func(context.Context, *brio.Socket, brio.None) (int64, error) { return time.Now().UnixMilli(), nil })
	Answer.Handle(c.ns, by(c, c.answer, "student"))
	Hand.Handle(c.ns, by(c, c.hand, "student"))
	React.Handle(c.ns, by(c, c.react, "student", "teacher"))
	Launch.Handle(c.ns, by(c, c.launch, "teacher"))
	Floor.Handle(c.ns, by(c, c.call, "teacher"))
	watched := s.Crowd(c.ns)
	c.running.Go(func() { watched.Each(ctx, 100*time.Millisecond, c.tick) })
	return c
}

// About describes the class to the start page.
func (c *Class) About() shell.About { return page.About }

// Close rings the bell, so that what was acknowledged counts.
func (c *Class) Close() {
	c.stop()
	c.running.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.question.Rung {
		c.settle()
	}
}

// by makes a handler of what somebody in one of the roles may do.
func by[Req, Res any](c *Class, do func(site.Person, Req) (Res, error), roles ...string) func(context.Context, *brio.Socket, Req) (Res, error) {
	return func(_ context.Context, s *brio.Socket, req Req) (res Res, err error) {
		who, err := site.Must(s, roles...)
		if err != nil {
			return res, err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return do(who, req)
	}
}

// arrive has the next tick show the room and the question.
func (c *Class) arrive(_ context.Context, s *brio.Socket) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if site.Who(s).Role == "teacher" {
		s.Join("teachers")
	}
	c.shown, c.changed = Room{}, true
	return Place.Emit(s, c.standing(site.Who(s)))
}

func (c *Class) standing(who site.Person) Standing {
	s := Standing{Top: c.board[:min(len(c.board), 8)], Mine: c.answers[who.ID]}
	if i := slices.IndexFunc(c.board, func(r Rank) bool { return r.ID == who.ID }); i >= 0 {
		s.You = c.board[i]
	}
	if who.Role == "teacher" {
		s.Quiz = quiz
	}
	return s
}

// room is who is there. Who leaves takes their hand down.
func (c *Class) room() Room {
	people := slices.Clone(c.here)
	for s := range c.ns.Sockets() {
		if who := site.Who(s); who.Role == "student" || who.Role == "teacher" {
			people = append(people, who)
		}
	}
	slices.SortFunc(people, func(a, b site.Person) int { return cmp.Or(-cmp.Compare(a.Role, b.Role), cmp.Compare(a.ID, b.ID)) })
	people = slices.CompactFunc(people, func(a, b site.Person) bool { return a.ID == b.ID && a.Role == b.Role })
	c.hands = slices.DeleteFunc(c.hands, func(p site.Person) bool { return !slices.Contains(people, p) })
	return Room{append([]site.Person{}, people[:min(len(people), maxListed)]...), append([]site.Person{}, c.hands...), len(people), c.floor}
}

// tick rings the bell, and tells the pages what is new.
func (c *Class) tick(now time.Time, simulated bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	all, teachers := c.ns.Broadcast(), c.ns.To("teachers")
	c.simulate(now.UnixMilli(), simulated, len(slices.Collect(teachers.Sockets())) > 0)
	if !c.question.Rung && now.UnixMilli() >= c.question.Bell {
		c.settle()
	}
	if room := c.room(); !reflect.DeepEqual(room, c.shown) {
		c.shown = room
		c.site.Warn("class: show the room", InRoom.Emit(all.Latest("room"), room))
	}
	if c.changed && c.question.ID != 0 {
		open := c.question // as it is shown to those who may not know all of it
		if !open.Rung {
			open.Right, open.Counts = -1, nil
		}
		c.site.Warn("class: show the question", errors.Join(
			Posed.Emit(teachers.Latest("question"), c.question), Posed.Emit(all.Except("teachers").Latest("question"), open)))
	}
	if len(c.reactions) > 0 {
		c.site.Warn("class: show reactions", Reacted.Emit(all.Volatile(), slices.Collect(maps.Values(c.reactions))))
	}
	c.changed = false
	clear(c.reactions)
}

// settle ends the question: it is stored, and everybody told their place.
func (c *Class) settle() {
	c.question.Rung, c.changed = true, true
	question, err1 := json.Marshal(c.question)
	answers, err2 := json.Marshal(c.answers)
	_, err3 := c.site.DB.Exec(`INSERT INTO class_question VALUES (?, ?, ?)`, c.question.ID, string(question), string(answers))
	c.site.Warn("class: store a question", errors.Join(err1, err2, err3, c.rank()))
	for s := range c.ns.Sockets() {
		c.site.Warn("class: tell a place", Place.Emit(s, c.standing(site.Who(s))))
	}
}

// rank reads who has points.
func (c *Class) rank() error {
	var ranks []byte
	err := c.site.DB.QueryRow(`SELECT ranks FROM class_board`).Scan(&ranks)
	return errors.Join(err, json.Unmarshal(ranks, &c.board))
}

// read reads a JSON file of ours.
func read[T any](name string) (v T) {
	text, err := files.ReadFile(name)
	if err := errors.Join(err, json.Unmarshal(text, &v)); err != nil {
		panic(err)
	}
	return v
}
