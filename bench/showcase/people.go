package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/board"
	"github.com/briohq/brio/apps/chat"
	"github.com/briohq/brio/apps/class"
	"github.com/briohq/brio/apps/desk"
	"github.com/briohq/brio/apps/doc"
	"github.com/briohq/brio/apps/doc/ot"
	"github.com/briohq/brio/apps/fleet"
	"github.com/briohq/brio/apps/game"
	"github.com/briohq/brio/apps/ops"
	"github.com/briohq/brio/apps/sales"
	"github.com/briohq/brio/apps/trading"
)

// applications are what visitors do at each, in the order of the cards.
func applications() []*app {
	return []*app{
		{name: "chat", role: "visitor", does: "talk in the foyer", every: 20 * time.Second, begin: enterFoyer, act: talk},
		{name: "sales", role: "visitor", does: "watch all regions, and order", every: 20 * time.Second, begin: watchSales, act: order},
		{name: "fleet", role: "visitor", does: "turn to other cells of the map", every: 10 * time.Second, begin: turn, act: turn},
		{name: "trading", role: "visitor", does: "buy and sell at the market", every: 20 * time.Second, begin: seePrices, act: trade},
		{name: "class", role: "student", does: "answer, and react", every: 10 * time.Second, begin: sitDown, act: answer},
		{name: "board", role: "visitor", does: "draw a line, and wipe it out", every: 10 * time.Second, begin: openBoard, act: draw},
		{name: "doc", role: "visitor", does: "write and delete, ten in a text", every: 5 * time.Second, begin: openText, act: write},
		{name: "game", role: "visitor", does: "steer, 15 times a second", every: 5 * time.Second, begin: play},
		{name: "desk", role: "customer", does: "open a ticket, write more, and resolve it", every: 20 * time.Second, begin: enterDesk, act: complain},
		{name: "ops", role: "visitor", does: "look into applications", every: 10 * time.Second, act: look},
	}
}

func enterFoyer(ctx context.Context, v *visitor) error {
	_, err := chat.Open.Do(ctx, v, chat.Opening{Room: "foyer"})
	return err
}

func talk(ctx context.Context, v *visitor) error {
	_, err := chat.Say.Do(ctx, v, chat.Draft{Room: "foyer", Text: "Something that somebody says.", Key: rand.Text()})
	return err
}

func watchSales(ctx context.Context, v *visitor) error {
	_, err := sales.Watch.Do(ctx, v, sales.All)
	return err
}

func order(ctx context.Context, v *visitor) error {
	_, err := sales.Place.Do(ctx, v, sales.Order{Product: "Rosin", Region: "Europe", Quantity: 1 + v.random.IntN(3), Key: rand.Text()})
	return err
}

// turn watches four cells that lie together.
func turn(ctx context.Context, v *visitor) error {
	column, row := 'A'+rune(v.random.IntN(3)), 1+v.random.IntN(2)
	var cells []string
	for x := range rune(2) {
		for y := range 2 {
			cells = append(cells, fmt.Sprintf("%c%d", column+x, row+y))
		}
	}
	_, err := v.Do(ctx, string(fleet.Watch), cells)

	return err
}

const symbol = "OTTR"

func seePrices(_ context.Context, v *visitor) error {
	trading.Quoted.On(v, func(_ context.Context, q trading.Quote) error {
		if q.Symbol == symbol {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.price = q.Last
		}

		return nil
	})

	return nil
}

func trade(ctx context.Context, v *visitor) error {
	side := int64(1)
	if v.counter++; v.counter%2 == 0 {
		side = -1 // what was bought
	}
	v.mu.Lock()
	worst := (v.price + side*v.price/10) / 10 * 10
	v.mu.Unlock()
	_, err := trading.Place.Do(ctx, v, trading.Ticket{Key: rand.Text(), Symbol: symbol, Side: side, Market: true, Price: worst, Quantity: 1})

	return err
}

// sitDown listens to what is asked.
func sitDown(_ context.Context, v *visitor) error {
	class.Posed.On(v, func(_ context.Context, q class.Question) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if q.ID != v.question.ID {
			v.answered = false
		}
		v.question = q

		return nil
	})

	return nil
}

func answer(ctx context.Context, v *visitor) error {
	v.mu.Lock()
	q, answered := v.question, v.answered
	v.answered = true
	v.mu.Unlock()
	if answered || q.Rung || len(q.Choices) == 0 {
		_, err := class.React.Do(ctx, v, "bravo")
		return err
	}
	_, err := class.Answer.Do(ctx, v, class.Choice{Question: q.ID, Choice: v.random.IntN(len(q.Choices))})

	return err
}

func openBoard(ctx context.Context, v *visitor) error {
	_, err := board.Open.Do(ctx, v, board.First)
	return err
}

// draw draws a line, and the next time takes it away.
func draw(ctx context.Context, v *visitor) error {
	edit := board.Delta{Board: board.First, Key: rand.Text()}
	if v.drawn != "" {
		edit.Drop, v.drawn = []string{v.drawn}, ""
	} else {
		v.drawn = rand.Text()
		x, y := int16(100+v.random.IntN(800)), int16(100+v.random.IntN(400))
		edit.Put = []*board.Object{{ID: v.drawn, Kind: "line", Color: "ink", Width: 2, Points: [][3]int16{{x, y}, {x + 50, y + 50}}}}
	}
	_, err := board.Edit.Do(ctx, v, edit)

	return err
}

// openText keeps a copy of a text's length and revision.
func openText(ctx context.Context, v *visitor) error {
	v.text = doc.State{Doc: fmt.Sprint("visitors-", v.number/10%10), Client: rand.Text()}
	doc.Opened.On(v, func(_ context.Context, s doc.State) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if s.Text != nil {
			v.length = len([]rune(*s.Text))
		}
		for _, c := range s.Changes {
			v.length += grown(c.Operation)
		}
		v.text.Revision, v.text.Seq = s.Revision, s.Seq

		return nil
	})
	doc.Edited.On(v, func(_ context.Context, c doc.Change) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(c.Operation) > 0 {
			v.length += grown(c.Operation)
			v.text.Revision = c.Revision
		}

		return nil
	})
	_, err := doc.Open.Do(ctx, v, v.text)

	return err
}

func grown(o ot.Operation) (n int) {
	for _, step := range o {
		n += len([]rune(step.Insert)) - step.Cut
	}

	return n
}

// write inserts a letter at the beginning, or deletes one.
func write(ctx context.Context, v *visitor) error {
	v.mu.Lock()
	v.text.Seq++
	change := doc.Change{Doc: v.text.Doc, Change: ot.Change{Client: v.text.Client, Seq: v.text.Seq, Revision: v.text.Revision}}
	if v.length > 100 {
		change.Operation = ot.Operation{{Cut: 1}, {Keep: v.length - 1}}
	} else {
		change.Operation = ot.Operation{{Insert: "x"}}
		if v.length > 0 {
			change.Operation = append(change.Operation, ot.Step{Keep: v.length})
		}
	}
	v.mu.Unlock()
	_, err := doc.Edit.Do(ctx, v, change)

	return err
}

// play asks for a ship and steers it. Without one, which there are only so many of, the
// visitor looks on.
func play(ctx context.Context, v *visitor) error {
	_, _ = game.Play.Do(ctx, v, brio.None{}) // a refusal is no failure
	game.Snapshot.On(v, func(_ context.Context, b []byte) error {
		tick, _ := binary.Uvarint(b)
		v.mu.Lock()
		v.tick = uint32(tick)
		v.mu.Unlock()
		v.counter++
		message := binary.BigEndian.AppendUint32(nil, uint32(tick))
		message = binary.BigEndian.AppendUint32(message, uint32(v.counter))

		return game.Steer.Emit(v.Volatile(), append(message, byte(v.counter/20%4)))
	})

	return nil
}

func enterDesk(ctx context.Context, v *visitor) error {
	_, err := desk.Enter.Do(ctx, v, brio.None{})
	return err
}

func complain(ctx context.Context, v *visitor) error {
	if v.ticket == 0 {
		t, err := desk.Open.Do(ctx, v, desk.Ticket{Subject: "It hums", Last: desk.Message{Text: "The metronome hums.", Key: rand.Text()}})
		v.ticket = t.ID

		return err
	}
	if v.counter++; v.counter%6 == 0 {
		_, err := desk.Resolve.Do(ctx, v, v.ticket)
		v.ticket = 0

		return err
	}
	_, err := desk.Say.Do(ctx, v, desk.Message{Ticket: v.ticket, Text: "It still hums.", Key: rand.Text()})

	return err
}

func look(ctx context.Context, v *visitor) error {
	all := applications()
	_, err := ops.Look.Do(ctx, v, all[v.random.IntN(len(all))].name)

	return err
}
