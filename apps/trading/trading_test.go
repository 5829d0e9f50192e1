package trading

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// exchange is one that is served in memory.
type exchange struct {
	t    *testing.T
	site *site.Site
	*Trading
	net *briotest.Site
}

func serve(t *testing.T, config site.Config) *exchange {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	e := &exchange{t: t, site: s, Trading: New(s)}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(e.Trading.Close)
	e.net = briotest.Serve(t, s.Server)

	return e
}

// connect lets somebody in, with a pass.
func (e *exchange) connect(id string, config client.Config) *briotest.Client {
	e.t.Helper()
	pass, err := e.site.Passes.Make(site.Person{ID: id, Name: id, Role: "visitor"})
	if err != nil {
		e.t.Fatal(err)
	}
	config.Auth = map[string]string{"pass": pass}

	return e.net.Connect(e.t, "/trading", config)
}

func ticket(key, symbol string, side, price, quantity int64) Ticket {
	return Ticket{Key: key, Symbol: symbol, Side: side, Price: price, Quantity: quantity}
}

func TestCommandsAreAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := serve(t, site.Config{Quiet: true})
		ada, bob := e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
		mine := briotest.Next(t, ada, Owned)
		if mine.Cash != startCash || mine.Shares["OTTR"] != startShares || mine.Start != startCash+startShares*(4200+880+12350+1616+31500) {
			t.Errorf("a newcomer has %+v", mine)
		}

		sale := briotest.Do(t, ada, Place, ticket("a1", "OTTR", -1, 4205, 10))
		if !sale.Open || sale.Left != 10 || sale.Fills != nil {
			t.Errorf("what waits is %+v", sale)
		}
		buy := briotest.Do(t, bob, Place, ticket("b1", "OTTR", 1, 4250, 4))
		if buy.Open || buy.Left != 0 || fmt.Sprint(buy.Fills[0][1:]) != "[4205 4]" {
			t.Errorf("it is filled with %+v", buy)
		}
		if again := briotest.Do(t, bob, Place, ticket("b1", "OTTR", 1, 4250, 4)); again.ID != buy.ID {
			t.Errorf("sent again, it is another order: %+v", again)
		}
		trades := briotest.Next(t, ada, Traded)
		if len(trades) != 1 || trades[0].Price != 4205 || trades[0].Quantity != 4 {
			t.Errorf("the tape says %+v", trades)
		}
		rest := briotest.Do(t, ada, Cancel, sale.ID)
		if rest.Open || rest.Left != 6 {
			t.Errorf("what is left is %+v", rest)
		}
		if got := e.market.Accounts["bob"]; got.Cash != startCash-4*4205 || got.Shares["OTTR"] != startShares+4 {
			t.Errorf("bob has %+v", got)
		}
		if tape := briotest.Do(t, bob, Tape, trades[0].No-1); len(tape) != 1 || tape[0] != trades[0] {
			t.Errorf("the tape after the trade before: %+v", tape)
		}
		if tape := briotest.Do(t, bob, Tape, -10); len(tape) != 1 {
			t.Errorf("the last 10 trades: %+v", tape)
		}
	})
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := serve(t, site.Config{Quiet: true})
		ada, bob := e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
		order := briotest.Do(t, ada, Place, ticket("a", "OTTR", -1, 4300, 60))
		for name, test := range map[string]struct {
			ticket Ticket
			want   string
		}{
			"instrument":   {ticket("k", "NONE", 1, 4200, 1), "There is no such instrument. Choose one of the list."},
			"key":          {ticket("", "OTTR", 1, 4200, 1), "Give a key of 1 to 64 bytes, and 1 or -1 as the side."},
			"long key":     {ticket(strings.Repeat("k", 65), "OTTR", 1, 4200, 1), "Give a key of 1 to 64 bytes, and 1 or -1 as the side."},
			"side":         {ticket("k", "OTTR", 2, 4200, 1), "Give a key of 1 to 64 bytes, and 1 or -1 as the side."},
			"no side":      {ticket("k", "OTTR", 0, 4200, 1), "Give a key of 1 to 64 bytes, and 1 or -1 as the side."},
			"nothing":      {ticket("k", "OTTR", 1, 4200, 0), "Choose a quantity of 1 to 1000 shares."},
			"less":         {ticket("k", "OTTR", 1, 4200, -5), "Choose a quantity of 1 to 1000 shares."},
			"too much":     {ticket("k", "OTTR", 1, 4200, 1001), "Choose a quantity of 1 to 1000 shares."},
			"off the tick": {ticket("k", "OTTR", 1, 4203, 1), "Prices of OTTR go in steps of 0.05. Choose 42.00 or 42.05."},
			"too low":      {ticket("k", "OTTR", 1, 3355, 1), "Choose a price from 33.60 to 50.40: at most a fifth off the last one."},
			"too high":     {ticket("k", "OTTR", -1, 1<<60, 1), "Choose a price from 33.60 to 50.40: at most a fifth off the last one."},
			"below 0":      {ticket("k", "OTTR", 1, -4200, 1), "Choose a price from 33.60 to 50.40: at most a fifth off the last one."},
			"cash":         {ticket("k", "KILN", 1, 31500, 200), "This may cost 63000.00, and 50000.00 of your cash is free. Buy less, or cancel an order."},
			"shares":       {ticket("k", "OTTR", -1, 4200, 41), "40 of your shares of OTTR are free to sell. Sell less, or cancel an order."},
		} {
			_, err := Place.Do(t.Context(), ada, test.ticket)
			if err == nil || err.Error() != test.want {
				t.Errorf("%s: %v\nwant %s", name, err, test.want)
			}
		}
		if _, err := Cancel.Do(t.Context(), bob, order.ID); err == nil || err.Error() != "You have no open order 1: only your own can you cancel." {
			t.Errorf("somebody cancels an order of another: %v", err)
		}
		for i := range maxOrders - 1 {
			briotest.Do(t, ada, Place, ticket(fmt.Sprint("a", i), "LARK", 1, 800, 1))
		}
		if _, err := Place.Do(t.Context(), ada, ticket("k", "LARK", 1, 800, 1)); err == nil || err.Error() != "You have 12 open orders. Cancel one first." {
			t.Errorf("one order too many: %v", err)
		}
		briotest.Do(t, ada, Cancel, order.ID)
		briotest.Do(t, ada, Place, ticket("k", "LARK", 1, 800, 1))

		guest := e.net.Connect(t, "/trading", client.Config{})
		if _, err := Place.Do(t.Context(), guest, ticket("k", "OTTR", 1, 4200, 1)); err == nil || !strings.Contains(err.Error(), "pass") {
			t.Errorf("somebody who looks on orders: %v", err)
		}
		if err := guest.Emit("place", "garbage"); err != nil {
			t.Error(err)
		}
	})
}

// What was acknowledged is there after the end of the program, even of one that was
// given no time to close.
func TestRestart(t *testing.T) {
	folder := t.TempDir()
	e := serve(t, site.Config{Data: folder, Quiet: true})
	ada, bob := e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
	first := briotest.Do(t, ada, Place, ticket("1", "OTTR", -1, 4205, 10))
	briotest.Do(t, ada, Place, ticket("2", "OTTR", -1, 4205, 10))
	briotest.Do(t, bob, Place, ticket("3", "OTTR", 1, 4205, 5))
	seen := briotest.Next(t, bob, Traded)[0]

	e = serve(t, site.Config{Data: folder, Quiet: true}) // the other still runs
	ada, bob = e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
	if again := briotest.Do(t, ada, Place, ticket("1", "OTTR", -1, 4205, 10)); again.ID != first.ID || again.Left != 5 {
		t.Errorf("sent again after a restart: %+v", again)
	}
	if tape := briotest.Do(t, bob, Tape, -5); len(tape) != 1 || tape[0] != seen {
		t.Errorf("the tape has %+v, want %+v", tape, seen)
	}
	buy := briotest.Do(t, bob, Place, ticket("4", "OTTR", 1, 4205, 7))
	if want := [][3]int64{{seen.No + 1, 4205, 5}, {seen.No + 2, 4205, 2}}; fmt.Sprint(buy.Fills) != fmt.Sprint(want) {
		t.Errorf("it trades %v, want %v: first with who came first", buy.Fills, want)
	}
	if a := briotest.Next(t, ada, Owned); a.Cash != startCash+5*4205 || a.Shares["OTTR"] != startShares-5 {
		t.Errorf("ada has %+v", a)
	}
}

func TestWhatCanNotBeStoredIsNotAcknowledged(t *testing.T) {
	e := serve(t, site.Config{Quiet: true})
	ada, bob := e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
	briotest.Do(t, bob, Place, ticket("1", "OTTR", -1, 4200, 1))
	if err := e.site.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if o, err := Place.Do(t.Context(), ada, ticket("1", "OTTR", 1, 4200, 1)); err == nil {
		t.Errorf("it is acknowledged: %+v", o)
	}
	briotest.None(t, bob, Traded)
}
