package protocol

import (
	"fmt"
	"reflect"
	"testing"
)

// decode returns the packet of a text and its attachments.
func decode(tb testing.TB, text string, attachments ...string) *Packet {
	tb.Helper()
	var d Decoder
	p, done, err := d.Text([]byte(text))
	for _, a := range attachments {
		if err != nil || done {
			break
		}
		p, done, err = d.Binary([]byte(a))
	}
	if err != nil || !done {
		tb.Fatalf("decode %.60q: done %v, error %v", text, done, err)
	}
	return &p
}

// describe writes a packet the way the golden trace does.
func describe(p Packet) string {
	s := p.Type.String() + " " + p.Namespace
	if p.HasID {
		s += fmt.Sprintf(" %d", p.ID)
	}
	if p.Data != nil {
		s += " " + string(p.Data)
	}
	for _, a := range p.Attachments {
		s += fmt.Sprintf(" <%x>", a)
	}
	return s
}

// encode writes a packet in the notation of the tests.
func encode(p Packet) string {
	s := string(p.AppendText(nil)) + "\n"
	for _, a := range p.Attachments {
		s += "+ " + string(a) + "\n"
	}
	return s
}

// deref returns what a pointer points to.
func deref(pointer any) any {
	return reflect.ValueOf(pointer).Elem().Interface()
}
