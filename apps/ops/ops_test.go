package ops

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// other is an application that is watched: whoever comes joins a room, and what one
// says is heard by all.
type other struct{ http.Handler }

const (
	say  brio.Event[string] = "say"
	said brio.Event[string] = "said"
)

func newOther(s *site.Site) other {
	ns := s.Server.Of("/other")
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error { s.Join("all"); return nil })
	say.Handle(ns, func(_ context.Context, s *brio.Socket, text string) error { return said.Emit(ns, text) })

	return other{http.NotFoundHandler()}
}

func (other) About() shell.About { return shell.About{Name: "other"} }
func (other) Close()             {}

func TestTicksTellTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := site.Open(site.Config{})
		if err != nil {
			t.Fatal(err)
		}
		o := New(s, newOther(s))
		defer func() {
			o.Close()
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		net := briotest.Serve(t, s.Server)
		panel := net.Connect(t, "/ops", client.Config{})
		if ticks := briotest.Next(t, panel, History); len(ticks) != 0 {
			t.Errorf("a server that has just begun has %d seconds", len(ticks))
		}
		quick, late, silent := net.Connect(t, "/other", client.Config{}), net.Connect(t, "/other", client.Config{}), net.Connect(t, "/other", client.Config{})
		shell.Probe.On(quick, func(context.Context, brio.None) (brio.None, error) { return brio.None{}, nil })
		shell.Probe.On(late, func(ctx context.Context, _ brio.None) (brio.None, error) {
			time.Sleep(300 * time.Millisecond)
			return brio.None{}, nil
		})
		time.Sleep(10*time.Second + time.Second/2) // between two ticks
		synctest.Wait()

		for range 7 {
			briotest.Send(t, quick, say, "hello")
		}
		time.Sleep(time.Second)
		app := newest(o, "other")
		if app.Sockets != 3 || app.Rooms != 1 || app.In != 7 || app.Out < 7*3 || app.Out > 7*3+3 {
			t.Errorf("3 sockets in a room and 7 events that all heard are %+v", app)
		}
		if app.Median < 100 || app.Slowest < 300 || app.Slowest > 400 || app.Late != 1 {
			t.Errorf("round trips of 0 and 300 ms, and none, are %+v", app)
		}

		silent.Close()
		time.Sleep(2 * time.Second)
		inside, err := Look.Do(t.Context(), panel, "other")
		if err != nil || len(inside.Rooms) != 1 || inside.Rooms[0] != (Room{"all", 2}) || len(inside.Left) != 1 || inside.Left[0].Sockets != 1 {
			t.Errorf("inside are %+v, %v", inside, err)
		}
		if _, err := Look.Do(t.Context(), panel, "nowhere"); err == nil || !strings.Contains(err.Error(), "Choose one of the list") {
			t.Errorf("an application that is none: %v", err)
		}

		time.Sleep(2 * time.Minute)
		second := net.Connect(t, "/ops", client.Config{})
		if ticks := briotest.Next(t, second, History); len(ticks) != kept || ticks[kept-1].At-ticks[0].At != 59_000 {
			t.Errorf("who comes later gets %d seconds", len(ticks))
		}
	})
}

func newest(o *Ops, name string) App {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, app := range o.ticks[len(o.ticks)-1].Apps {
		if app.Name == name {
			return app
		}
	}

	return App{}
}

// Two people look; one is cut off, and is right again afterwards.
func TestPanelInChromium(t *testing.T) {
	url := sitetest.Start(t, site.Config{}, func(s *site.Site) []site.App {
		o := newOther(s)
		return []site.App{o, New(s, o)}
	})
	bad := sitetest.StartCable(t, strings.TrimPrefix(url, "http://"))
	b := sitetest.StartBrowser(t)
	ada, bob := b.Window("Ada"), b.Window("Bob")
	ada.Opens(bad.URL() + "/ops/")
	bob.Opens(url + "/ops/")
	for _, w := range []*sitetest.Window{ada, bob} {
		w.Sees(`texts(".name").join() === "other,ops" && text("[data-inside-title]") === "other"`)
		w.Sees(`text(".figure .value").trim() === "2"`)
	}
	bob.Clicks("tr:nth-child(2) .name")
	bob.Sees(`text("[data-inside-title]") === "ops" && text("[data-rooms]") === "No rooms now."`)
	bob.Sees(`/^\d+(\.\d)? · \d+(\.\d)? ms/.test(text("tr:nth-child(2) td:last-child"))`)

	bad.Cut()
	ada.Sees(`/^reconnecting/.test(text("[data-state-words]"))`)
	bob.Sees(`text(".figure .value").trim() === "1"`)
	bob.Sees(`text("[data-left]").includes("transport close1")`)
	bad.Mend()
	ada.Sees(`text(".figure .value").trim() === "2"`)
	ada.Fits()
}
