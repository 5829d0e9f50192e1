package chat

import (
	"context"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
)

// visitor is what a socket, one tab of somebody, carries.
type visitor struct {
	id   string
	name string // as asked for on connecting
	room string // the public room it is in; only its own handlers touch it
}

const visitorKey brio.Key[*visitor] = "visitor"

func (c *Chat) handle() {
	c.people.Use(admit)
	c.people.OnConnect(c.arrive)
	c.people.OnDisconnect(c.depart)
	Open.Handle(c.people, c.open)
	Older.Handle(c.people, c.older)
	Say.Handle(c.people, c.say)
	Rename.Handle(c.people, c.rename)
	Typing.Handle(c.people, c.typing)
	Simulate.Handle(c.people, c.simulate)
	shell.Pulse.Handle(c.people, shell.Beat)
}

// admit finds out who connects. Without a key it is somebody who only looks.
func admit(_ context.Context, s *brio.Socket) error {
	auth := Auth{Key: s.ID()}
	if err := s.Handshake().ScanAuth(&auth); err != nil {
		return brio.Errorf("Connect with an object of a key and a name.")
	}
	id, err := identify(auth.Key)
	if err != nil {
		return err
	}
	visitorKey.Set(s, &visitor{id: id, name: auth.Name})

	return nil
}

func (c *Chat) arrive(_ context.Context, s *brio.Socket) error {
	v := visitorKey.Get(s)
	s.Join(personRoom(v.id))
	greeting := c.hall.arrive(v.id, v.name)
	if c.bots != nil {
		greeting.Simulated = c.bots.watch(+1)
	}

	return Welcome.Emit(s, greeting)
}

func (c *Chat) depart(_ context.Context, s *brio.Socket, _ brio.Reason) error {
	v := visitorKey.Get(s)
	c.hall.depart(v.id, v.room)
	if c.bots != nil {
		c.bots.watch(-1)
	}

	return nil
}

// open joins before it reads the history, so that a message said in between
// comes twice rather than never; the page knows it by its number.
func (c *Chat) open(_ context.Context, s *brio.Socket, o Opening) (Page, error) {
	v := visitorKey.Get(s)
	r, err := c.hall.enter(v.id, v.room, o.Room)
	if err != nil {
		return Page{}, err
	}
	if !r.private() && r.name != v.room {
		s.Leave(publicRoom(v.room))
		s.Join(publicRoom(r.name))
		v.room = r.name
	}

	return c.hall.catchUp(v.id, r, o), nil
}

func (c *Chat) older(_ context.Context, s *brio.Socket, e Earlier) (Page, error) {
	return c.hall.older(visitorKey.Get(s).id, e)
}

func (c *Chat) say(_ context.Context, s *brio.Socket, d Draft) (Message, error) {
	m, audience, err := c.hall.say(visitorKey.Get(s).id, d, time.Now())
	if err != nil || audience == nil {
		return m, err
	}
	if c.bots != nil {
		c.bots.hear(m)
	}

	return m, Said.Emit(s.To(audience...), m)
}

func (c *Chat) rename(_ context.Context, s *brio.Socket, name string) (Person, error) {
	v := visitorKey.Get(s)
	you, err := c.hall.rename(v.id, name)
	if err != nil {
		return you, err
	}

	return you, Renamed.Emit(s.To(personRoom(v.id)), you)
}

func (c *Chat) typing(_ context.Context, s *brio.Socket, t Typist) error {
	t, audience, err := c.hall.typing(visitorKey.Get(s).id, t.Room)
	if err != nil {
		return err
	}

	return Typing.Emit(s.To(audience...).Volatile(), t)
}

func (c *Chat) simulate(_ context.Context, s *brio.Socket, on bool) (bool, error) {
	if c.bots == nil {
		return false, brio.Errorf("Start the demo without --quiet to have simulated people.")
	}
	c.bots.turn(on)

	return on, Simulated.Emit(s.Broadcast(), on)
}
