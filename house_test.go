package brio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/memnet"
)

// house is a server with its guests. Its methods are called by the test only,
// except those that are handlers.
type house struct {
	t      *rapid.T
	server *brio.Server
	http   http.Server
	net    *memnet.Listener
	link   memnet.Link
	served chan struct{} // closed when http has ended
	beside sync.WaitGroup

	guests []*guest
	shouts int

	emitting sync.Mutex // held while something is emitted, so that the order is known

	mu    sync.Mutex // guards what follows
	rooms map[string]*record
	wrong []string // what the server did wrong
	asked int      // questions of the server that have no answer yet
}

// record is what has happened to one socket.
type record struct {
	socket  *brio.Socket
	order   int   // among the sockets
	handled []int // events
	told    []int
	running bool // a handler
	begun   bool // the connect handler has been called
	ended   int  // calls of the disconnect handler
	reason  brio.Reason
}

// Two namespaces are there, and two are made when they are asked for.
var (
	names   = []string{"/", "/a", "/p-1", "/p-2"}
	parents = []string{"/", "/a", "/p-{id}"}
)

func newHouse(t *rapid.T) *house {
	w := &house{t: t, net: memnet.Listen(), served: make(chan struct{}), rooms: map[string]*record{}}
	w.server = brio.NewServer(brio.Config{ConnectTimeout: time.Hour, NamespaceIdle: 5 * time.Second})
	for _, name := range parents {
		w.handlers(w.server.Of(name))
	}
	w.link = memnet.Link{
		Latency: rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 80 * time.Millisecond}).Draw(t, "latency"),
		Piece:   rapid.SampledFrom([]int{0, 0, 7}).Draw(t, "piece"),
		Kernel:  rapid.Bool().Draw(t, "kernel"),
	}
	w.http.Handler = w.server
	w.http.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() {
		defer close(w.served)
		_ = w.http.Serve(w.net)
	}()
	return w
}

// handlers registers what there is to be done in a namespace.
func (w *house) handlers(ns *brio.Namespace) {
	ns.Use(func(ctx context.Context, s *brio.Socket) error {
		var auth struct {
			Wait   time.Duration
			Refuse bool
		}
		if err := s.Handshake().ScanAuth(&auth); err != nil {
			return err
		}
		sleep(ctx, auth.Wait)
		if auth.Refuse {
			return &brio.Error{Message: "no"}
		}
		s.Join("lobby")
		return nil
	})
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		r := w.record(s)
		w.enter(r, "connect")
		defer w.exit(r)
		if r.begun || r.ended > 0 {
			w.blame("%s connects at the wrong time", s.ID())
		}
		r.begun = true
		w.tell(s)
		return nil
	})
	ns.OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
		r := w.record(s)
		w.enter(r, "disconnect")
		defer w.exit(r)
		w.mu.Lock()
		r.reason = reason
		w.mu.Unlock()
		if r.ended++; r.ended > 1 {
			w.blame("%s disconnects twice", s.ID())
		}
		return nil
	})
	for event, f := range map[string]func(ctx context.Context, s *brio.Socket) error{
		"late":  func(context.Context, *brio.Socket) error { return nil },
		"twice": func(context.Context, *brio.Socket) error { return nil },
		"say":   func(context.Context, *brio.Socket) error { return nil },
		"slow":  func(context.Context, *brio.Socket) error { sleep(context.Background(), 2*time.Second); return nil },
		"fail":  func(context.Context, *brio.Socket) error { return errTest },
		"panic": func(context.Context, *brio.Socket) error { panic(errTest) },
		"reply": func(_ context.Context, s *brio.Socket) error { w.tell(s); return nil },
		"call":  func(ctx context.Context, s *brio.Socket) error { w.ask(ctx, s); return nil },
		"go":    func(_ context.Context, s *brio.Socket) error { s.Disconnect(); return nil },
		"close": func(_ context.Context, s *brio.Socket) error { s.Close(); return nil },
	} {
		ns.On(event, func(ctx context.Context, s *brio.Socket, args brio.Args) error {
			var n int
			if err := args.Scan(&n); err != nil {
				w.blame("%s: %v", event, err)
				return err
			}
			r := w.record(s)
			w.enter(r, event)
			defer w.exit(r)
			w.mu.Lock()
			r.handled = append(r.handled, n)
			w.mu.Unlock()
			if !r.begun || r.ended > 0 {
				w.blame("%s is handled at the wrong time", event)
			}
			if err := f(ctx, s); err != nil {
				return err
			}
			switch event {
			case "late":
				s.Go(func(ctx context.Context) error { sleep(ctx, time.Second); return args.Ack(n) })
				return nil
			case "twice":
				_ = args.Ack(n)
			}
			return args.Ack(n)
		})
	}
}

// sleep waits for d, less if ctx ends. It makes no timer that is due at once: in
// a bubble those are run by whoever looks at them, and two at a time corrupt the
// race detector (Go 1.26).
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (w *house) record(s *brio.Socket) *record {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.rooms[s.ID()]
	if r == nil {
		r = &record{socket: s, order: len(w.rooms)}
		w.rooms[s.ID()] = r
	}
	return r
}

func (w *house) enter(r *record, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.running {
		w.wrong = append(w.wrong, what+" runs beside another handler of its socket")
	}
	r.running = true
}

func (w *house) exit(r *record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.running = false
}

func (w *house) blame(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// tell sends the socket the next number.
func (w *house) tell(s *brio.Socket) {
	r := w.record(s)
	w.emitting.Lock()
	defer w.emitting.Unlock()
	n := len(r.told) + 1
	if s.Emit("tell", s.ID(), n) == nil {
		w.mu.Lock()
		r.told = append(r.told, n)
		w.mu.Unlock()
	}
}

// ask asks the socket a question, for 3 s.
func (w *house) ask(ctx context.Context, s *brio.Socket) {
	w.mu.Lock()
	w.asked++
	n := w.asked
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	began, ended := time.Now(), make(chan time.Time, 1)
	defer context.AfterFunc(s.Context(), func() { ended <- time.Now() })()
	args, err := s.Do(ctx, "ask", s.ID(), n)
	var answer int
	switch {
	case err == nil:
		if err := args.Scan(&answer); err != nil || answer != n {
			w.blame("question %d is answered %d, %v", n, answer, err)
		}
	case errors.Is(err, brio.ErrDisconnected), errors.Is(err, context.DeadlineExceeded):
	default:
		w.blame("question %d: %v", n, err)
	}
	if time.Since(began) > 3*time.Second {
		w.blame("question %d ends after %v", n, time.Since(began))
	}
	select {
	case at := <-ended:
		if time.Now().After(at) {
			w.blame("question %d waits on when its socket has disconnected", n)
		}
	default:
	}
}
