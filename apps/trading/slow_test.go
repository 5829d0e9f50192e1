package trading

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// A client that does not read for a while ends at the latest price without having been
// sent all before it, and has every trade, in order and once.
func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := serve(t, site.Config{Quiet: true})
		for i := range int64(200) { // a deep book is much to send
			side := 1 - 2*(i%2)
			if _, err := e.market.Place(fmt.Sprint("rest ", i%20), ticket(fmt.Sprint(i), "LARK", side, 880-side*(20+i/2), 1)); err != nil {
				t.Fatal(err)
			}
		}
		ada, bob := e.connect("ada", client.Config{}), e.connect("bob", client.Config{})
		slow := e.connect("slow", client.Config{MaxBacklog: 1 << 10})
		release := make(chan struct{})
		var quotes []Quote
		var trades []Trade
		Quoted.On(slow, func(_ context.Context, q Quote) error {
			<-release
			if q.Symbol == "LARK" {
				quotes = append(quotes, q)
			}
			return nil
		})
		Traded.On(slow, func(_ context.Context, some []Trade) error {
			trades = append(trades, some...)
			return nil
		})

		first := e.market.Trades + 1
		const rounds = 200
		for i := range rounds {
			price := int64(875 + i%10)
			briotest.Do(t, ada, Place, ticket(fmt.Sprint(i), "LARK", []int64{-1, 1}[i%2], price, 1))
			briotest.Do(t, bob, Place, ticket(fmt.Sprint(i), "LARK", []int64{1, -1}[i%2], price, 1))
		}
		close(release)
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()

		for i, trade := range trades {
			if trade.No != first+int64(i) {
				t.Fatalf("trade %d, want %d", trade.No, first+int64(i))
			}
		}
		if int64(len(trades)) != e.market.Trades-first+1 || len(trades) != rounds {
			t.Errorf("it has %d trades of %d", len(trades), rounds)
		}
		if last := quotes[len(quotes)-1]; last.Last != e.market.Books["LARK"].Last {
			t.Errorf("it ends at %d, the last price is %d", last.Last, e.market.Books["LARK"].Last)
		}
		if len(quotes) > rounds {
			t.Errorf("it was sent %d states of %d", len(quotes), 2*rounds)
		}
		t.Logf("it was sent %d of %d states, and all of %d trades", len(quotes), 2*rounds, len(trades))
	})
}

// A page that comes back asks for what it has missed, and has every trade once.
func TestComingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := serve(t, site.Config{})
		e.connect("bob", client.Config{}) // somebody is there all the time
		ada := e.connect("ada", client.Config{})
		time.Sleep(10 * time.Second)
		last := briotest.Do(t, ada, Tape, -1)[0].No
		had := last
		e.net.Part()
		time.Sleep(time.Second)
		e.net.Heal()
		time.Sleep(20 * time.Second)
		for {
			tape := briotest.Do(t, ada, Tape, last)
			if len(tape) == 0 {
				break
			}
			for _, trade := range tape {
				if last++; trade.No != last {
					t.Fatalf("trade %d, want %d", trade.No, last)
				}
			}
		}
		if last < had+10 {
			t.Errorf("there were only %d trades", last-had)
		}
	})
}
