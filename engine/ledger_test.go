package engine

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/briohq/brio/transport"
)

// mail is one message as a property sees it.
type mail struct {
	text     string
	binary   bool
	volatile bool
}

func (m mail) String() string {
	kind := "text"
	if m.binary {
		kind = "binary"
	}
	if m.volatile {
		kind += ", volatile"
	}
	return fmt.Sprintf("%.20s (%d bytes, %s)", m.text, len(m.text), kind)
}

// polled is the mail as a polling packet.
func (m mail) polled() string {
	if m.binary {
		return "b" + base64.StdEncoding.EncodeToString([]byte(m.text))
	}
	return "4" + m.text
}

func (m mail) frame() *transport.Frame {
	if m.binary {
		return transport.NewBinary([]byte(m.text))
	}
	return transport.NewText(transport.Message, m.text)
}

// compare says what is wrong with the mail that has arrived: it is what was
// sent, in that order and each once, but for volatile mail, which may be
// missing, and for the end unless all must have come.
func compare(sent, arrived []mail, all bool) error {
	i := 0
	for n, got := range arrived {
		for i < len(sent) && sent[i].volatile && (sent[i].text != got.text || sent[i].binary != got.binary) {
			i++
		}
		if i == len(sent) {
			return fmt.Errorf("number %d is %v, but nothing more was sent", n, got)
		}
		if sent[i].text != got.text || sent[i].binary != got.binary {
			return fmt.Errorf("number %d is %v, want %v", n, got, sent[i])
		}
		i++
	}
	if !all {
		return nil
	}
	if left := slices.IndexFunc(sent[i:], func(m mail) bool { return !m.volatile }); left >= 0 {
		return fmt.Errorf("%v has not come, after %d others", sent[i+left], len(arrived))
	}
	return nil
}

// ledger is the layer above a session: it writes down what comes and goes.
type ledger struct {
	session *Session
	echo    bool // each message is answered, from within its Message

	sending sync.Mutex // held while something is sent, so that the order is known

	mu      sync.Mutex // guards what follows
	sent    []mail
	bytes   int // of them
	arrived []mail
	ends    []Reason
	ended   time.Time
}

func (l *ledger) Message(data []byte, binary bool) {
	m := mail{text: string(data), binary: binary}
	l.mu.Lock()
	l.arrived = append(l.arrived, m)
	l.mu.Unlock()
	if l.echo {
		_ = l.send(0, mail{text: "echo of " + strings.TrimRight(m.text, "."), binary: binary})
	}
}

func (l *ledger) Closed(r Reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends = append(l.ends, r)
	l.ended = time.Now()
}

// send sends mail as one.
func (l *ledger) send(how Sending, list ...mail) error {
	l.sending.Lock()
	defer l.sending.Unlock()
	var frames []*transport.Frame
	for _, m := range list {
		frames = append(frames, m.frame())
	}
	l.mu.Lock()
	before := len(l.sent)
	for _, m := range list {
		m.volatile = how&Volatile != 0
		l.sent = append(l.sent, m)
		l.bytes += len(m.text)
	}
	l.mu.Unlock()
	err := l.session.Send(frames, how)
	if err != nil {
		l.mu.Lock()
		l.sent = l.sent[:before]
		l.mu.Unlock()
	}
	return err
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytes
}

func (l *ledger) over() []Reason {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.ends)
}

// heard compares what the client has heard with what was sent.
func (l *ledger) heard(by *model, all bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, heard := l.sent, by.heard
	if by.impatient { // its last GET and its WebSocket may overtake each other
		place := func(m mail) int {
			return slices.IndexFunc(l.sent, func(s mail) bool { return s.text == m.text && s.binary == m.binary })
		}
		sent, heard = slices.Clone(sent), slices.Clone(heard)
		slices.SortStableFunc(heard, func(a, b mail) int { return place(a) - place(b) })
		for i := range sent {
			sent[i].volatile = sent[i].volatile || !all
		}
	}
	return compare(sent, heard, all)
}

// received compares what has arrived with what the client has said.
func (l *ledger) received(said []mail, all bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return compare(said, l.arrived, all)
}
