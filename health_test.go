package brio_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
)

func ask(h http.Handler) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	return w.Code, w.Body.String()
}

// A server says that it is not ready before anybody is disconnected.
func TestReadyUntilShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{MaxConnections: 40})
		seen := make(chan string, 1)
		w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
			status, body := ask(w.Readiness())
			seen <- http.StatusText(status) + " " + body
			if status, body := ask(w.Liveness()); status != 200 || !strings.HasPrefix(body, `{"status":"ok",`) {
				t.Errorf("liveness: %d %s", status, body)
			}
			return nil
		})
		p := w.connect("/", "")
		status, body := ask(w.Readiness())
		diff(t, "ready", body, `{"status":"ready","connections":1}`)
		if err := w.Ready(); status != 200 || err != nil {
			t.Errorf("status %d, %v", status, err)
		}
		go p.rest()
		if err := w.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		got := take(t, seen)
		if !strings.HasPrefix(got, `Service Unavailable {"status":"busy","reasons":["shutting down"],`) {
			t.Errorf("at the first disconnection: %s", got)
		}
		if o, ok := errors.AsType[*brio.Overload](w.Ready()); !ok || o.Message != "shutting down" {
			t.Errorf("ready: %v", w.Ready())
		}
	})
}

// A server that is full is ready again when a sixteenth of its connections has gone.
func TestReadyWithConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 40
		w := memorySite(t, brio.Config{MaxConnections: most})
		var peers []*peer
		for range most {
			if err := w.Ready(); err != nil {
				t.Fatalf("not ready with %d: %v", len(peers), err)
			}
			peers = append(peers, w.connect("/", ""))
		}
		for i, p := range peers[:3] {
			synctest.Wait()
			if err := w.Ready(); (err == nil) != (i >= most/16) {
				t.Errorf("without %d: %v", i, err)
			}
			p.close()
		}
	})
}

// While handlers have too much to do for all together, those who send the most are
// not read, and nobody new is let in.
func TestFloodByMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total, peers, each = 1 << 20, 8, 1000
		w := memorySite(t, brio.Config{MaxBacklogTotal: total})
		gate := make(chan struct{})
		done := make(chan struct{}, peers*each)
		w.Of("/").On("n", func(context.Context, *brio.Socket, brio.Args) error {
			<-gate
			done <- struct{}{}
			return nil
		})
		modest := w.connect("/", "")
		var all []*peer
		for range peers { // before there is so much that newcomers are refused
			all = append(all, w.connect("/", ""))
		}
		for _, p := range all {
			p.flood(each, "")
		}
		synctest.Wait()
		sum := 0
		for s := range w.Of("/").Sockets() {
			sum += s.Backlog()
		}
		if sum < total/2 || sum > 2*total {
			t.Errorf("%d bytes wait", sum)
		}
		if n := w.Stats().Inboxes; n < total || n > int64(sum) {
			t.Errorf("%d bytes are counted of %d", n, sum)
		}
		if err := w.Ready(); err == nil || err.Error() != "handlers" {
			t.Errorf("ready: %v", err)
		}
		conn, err := w.dial()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		r, _ := http.NewRequest("GET", "http://brio.test/socket.io/?EIO=4&transport=polling", nil)
		if err := r.Write(conn); err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 32)
		if _, err := conn.Read(head); err != nil || !strings.HasPrefix(string(head), "HTTP/1.1 503") {
			t.Errorf("%q, %v", head, err)
		}
		modest.emit(`"n",1`) // who has sent little is still read
		synctest.Wait()
		close(gate)
		for range peers*each + 1 {
			<-done
		}
		synctest.Wait()
		if st := w.Stats(); st.Inboxes != 0 || w.Ready() != nil || st.Refused != 1 {
			t.Errorf("%+v; ready: %v", st, w.Ready())
		}
	})
}
