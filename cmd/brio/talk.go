package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/internal/group"
)

// maxLine is how long a line of the input may be, in bytes.
const maxLine = 16 << 20

// talk is what brio connect does once it is connected.
type talk struct {
	// Immutable:
	command connect
	socket  *client.Socket
	std     streams
	screen  *term.Terminal // nil for a program
	print   *printer
	over    chan error // has room for one: why it ends before its input does

	// Owned by the goroutine of run:
	failed int // lines

	mu    sync.Mutex // guards what follows
	seen  int        // events
	asked *brio.Args // of the last event that wants an acknowledgement
}

// newTalk returns the talk of a socket that has not connected yet.
func newTalk(c connect, s *client.Socket, std streams) *talk {
	t := &talk{command: c, socket: s, std: std, over: make(chan error, 1)}
	t.print = &printer{now: std.now, out: std.out, notices: std.err}
	if std.terminal {
		t.screen = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{std.in, std.out}, "> ")
		t.print.pretty, t.print.colour = true, std.colour
		t.print.out, t.print.notices = t.screen, t.screen
	}
	s.OnAny(t.event)
	var before bool // only the handlers of this socket use it, which run one at a time
	s.OnConnect(func(context.Context) error {
		again := ""
		if before {
			again = " again"
		}
		before = true
		t.print.notice("connected%s to %s over %s, as %s", again, s.Namespace(), s.Transport(), s.ID())
		return nil
	})
	s.OnDisconnect(func(_ context.Context, reason brio.Reason) error {
		switch reason {
		case client.ClientDisconnect:
		case client.ServerDisconnect:
			t.end(errors.New("the server has made this socket leave"))
		default:
			t.print.notice("disconnected: %s; trying again", reason)
		}
		return nil
	})
	s.OnConnectError(func(_ context.Context, err error) error {
		if _, final := errors.AsType[*client.ConnectError](err); final {
			t.end(c.Target.advise(err))
		} else if before {
			t.print.notice("not connected yet: %v", err)
		}
		return nil
	})

	return t
}

// end has run return.
func (t *talk) end(err error) {
	select {
	case t.over <- err:
	default: // it ends already
	}
}

// event takes what comes.
func (t *talk) event(_ context.Context, name string, args brio.Args) error {
	t.mu.Lock()
	t.seen++
	seen := t.seen
	if args.WantsAck() {
		t.asked = &args
	}
	t.mu.Unlock()
	most := t.command.Count
	if most == 0 || seen <= most {
		t.print.event(name, values(args), args.WantsAck())
	}
	if seen == most {
		t.end(nil)
	}

	return nil
}

// run sends what is read until that ends, or ctx, or t.over tells.
func (t *talk) run(ctx context.Context) error {
	// Whoever reads can't be interrupted: it ends with its input, or with the program.
	var reader group.Group
	read, stop := context.WithCancel(ctx)
	defer stop()
	lines := make(chan string)
	var broken error // set before lines is closed
	reader.Go(func() {
		defer close(lines)
		broken = t.read(func(text string) bool {
			select {
			case lines <- text:
				return true
			case <-read.Done():
				return false
			}
		})
	})
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-t.over:
			return errors.Join(err, t.verdict())
		case text, more := <-lines:
			if !more {
				return errors.Join(broken, t.rest(ctx))
			}
			quit, err := t.line(ctx, text)
			if err != nil {
				t.failed++
				t.print.notice("%v", err)
			}
			if quit {
				return t.rest(ctx)
			}
		}
	}
}

// read calls f with each line until it returns false.
func (t *talk) read(f func(text string) bool) error {
	if t.screen == nil {
		scanner := bufio.NewScanner(t.std.in)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			if !f(scanner.Text()) {
				return nil
			}
		}
		if err := scanner.Err(); err != nil {
			return fmt.Errorf("read lines of up to %d bytes: %w", maxLine, err)
		}
		return nil
	}
	for {
		if t.std.size != nil {
			if width, rows := t.std.size(); width > 0 {
				_ = t.screen.SetSize(width, rows)
			}
		}
		text, err := t.screen.ReadLine()
		if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
			return nil // Ctrl-D, Ctrl-C, or the terminal is gone
		}
		if !f(text) {
			return nil
		}
	}
}

// rest waits until what was sent can leave, and for what may still come.
func (t *talk) rest(ctx context.Context) error {
	if t.screen != nil {
		return nil
	}
	if !t.socket.Active() {
		return <-t.over // which is told soon, if it is not yet
	}
	sent, cancel := context.WithTimeout(ctx, t.command.Target.Timeout)
	defer cancel()
	if err := t.socket.Connect(sent); err != nil && ctx.Err() == nil {
		return fmt.Errorf("not all has been sent: %w", t.command.Target.advise(err))
	}
	if err := t.linger(ctx); err != nil {
		return err
	}

	return t.verdict()
}

// verdict fails for lines that did. On a terminal they have been read.
func (t *talk) verdict() error {
	if t.failed == 0 || t.screen != nil {
		return nil
	}

	return fmt.Errorf("%d of the lines failed, see above", t.failed)
}

// linger stays as long as is wanted.
func (t *talk) linger(ctx context.Context) error {
	if t.command.Wait > 0 {
		waiting, cancel := context.WithTimeout(ctx, t.command.Wait)
		defer cancel()
		ctx = waiting
	}
	if t.command.Wait <= 0 && t.command.Count <= 0 {
		return nil
	}
	select {
	case err := <-t.over:
		return err
	case <-ctx.Done():
		return nil
	}
}

// line does what a line says, and reports whether it was the last.
func (t *talk) line(ctx context.Context, text string) (quit bool, err error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return false, nil
	case text[0] == '/':
		return t.order(text)
	}
	l, err := parseLine(text)
	if err != nil {
		return false, err
	}
	if !l.ask && !t.command.Ack {
		return false, t.socket.Emit(l.event, l.args...)
	}
	answer, err := ask(ctx, t.socket, t.command.Target.Timeout, l.event, l.args)
	if _, failed := errors.AsType[*brio.Error](err); err == nil || failed {
		t.print.answer(l.event, values(answer))
	}

	return false, err
}

const orders = `event arg…   send an event; what parses as JSON is that, all else a string
event? arg…  ask for an acknowledgement
["event",…]  the same as JSON; ?["event",…] asks
/ack arg…    answer the last event that asked (marked <?)
/ns          where this is
/quit        end, as Ctrl-D does`

// order obeys a line that is no event.
func (t *talk) order(text string) (quit bool, err error) {
	name, rest, _ := strings.Cut(text, " ")
	switch name {
	case "/quit", "/close":
		return true, nil
	case "/help":
		for l := range strings.Lines(orders) {
			t.print.notice("%s", strings.TrimSpace(l))
		}
		return false, nil
	case "/ns":
		state := "connected over " + t.socket.Transport() + ", as " + t.socket.ID()
		if !t.socket.Connected() {
			state = "not connected"
		}
		t.print.notice("%s of %s: %s", t.socket.Namespace(), t.command.Target.URL, state)
		return false, nil
	case "/ack":
		return false, t.acknowledge(rest)
	default:
		return false, fmt.Errorf(`no command %s: /help lists them; send an event of that name as ["%s"]`, name, name)
	}
}

func (t *talk) acknowledge(text string) error {
	t.mu.Lock()
	args := t.asked
	t.asked = nil
	t.mu.Unlock()
	if args == nil {
		return errors.New("no event waits for an acknowledgement")
	}
	l, err := parseLine("ack " + text)
	if err != nil {
		return err
	}

	return args.Ack(l.args...)
}
