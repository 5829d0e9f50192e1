package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// printer shows what happens: to a reader with time and colours, to a program as a
// line of JSON for each event. Its methods may be called concurrently.
type printer struct {
	now    func() time.Time
	pretty bool
	colour bool

	mu      sync.Mutex // is held while something is written
	out     io.Writer
	notices io.Writer
}

// event shows an event that has come: ["event",arg…] to a program.
func (p *printer) event(name string, args []json.RawMessage, asks bool) {
	if !p.pretty {
		p.write(p.out, string(encode(append([]json.RawMessage{encode(name)}, args...)))+"\n")
		return
	}
	mark := "<"
	if asks {
		mark = "<?"
	}
	p.show(mark, name, join(args))
}

// answer shows an acknowledgement: {"ack":"event","args":[…]} to a program, so that it
// can't be taken for an event.
func (p *printer) answer(name string, args []json.RawMessage) {
	if !p.pretty {
		p.write(p.out, string(encode(struct {
			Ack  string            `json:"ack"`
			Args []json.RawMessage `json:"args"`
		}{name, args}))+"\n")
		return
	}
	p.show("=", name, join(args))
}

func (p *printer) show(mark, name, args string) {
	if strings.ContainsAny(name, " \"") || name == "" {
		name = string(encode(name))
	}
	p.write(p.out, strings.TrimRight(fmt.Sprintf("%s %s %s %s", p.time(), mark, p.paint("1;36", clean(name)), clean(args)), " ")+"\n")
}

// notice shows what is no event.
func (p *printer) notice(format string, args ...any) {
	text := clean(fmt.Sprintf(format, args...))
	if !p.pretty {
		p.write(p.notices, "brio: "+text+"\n")
		return
	}
	p.write(p.notices, fmt.Sprintf("%s %s\n", p.time(), p.paint("33", text)))
}

func (p *printer) time() string { return p.paint("2", p.now().Format(time.TimeOnly)) }

func (p *printer) paint(colour, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (p *printer) write(to io.Writer, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.WriteString(to, text) // who closed it does not want to read it
}

func join(args []json.RawMessage) string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = string(a)
	}
	return strings.Join(list, " ")
}
