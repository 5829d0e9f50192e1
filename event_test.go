package brio_test

import (
	"context"
	"testing"

	"github.com/briohq/brio"
)

func TestEventsHaveAnyNumberOfArguments(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.On("draw", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		x, y, ink, missing := 0, 0.0, struct{ Colour string }{}, "untouched"
		if err := args.Scan(&x, &y, &ink, &missing); err != nil {
			return err
		}
		if args.Len() != 3 || string(args.Raw(2)) != `{"colour":"red"}` || args.Raw(3) != nil {
			t.Errorf("arguments: %d, %s", args.Len(), args.Raw(2))
		}
		return s.Emit("drawn", x, y, ink.Colour, nil, []int{1}, missing)
	})
	ns.On("none", func(_ context.Context, s *brio.Socket, args brio.Args) error { return s.Emit("none", args) })
	p := w.connect("/", "")
	p.emit(`"draw",1,2.5,{"colour":"red"}`)
	p.expect(`2["drawn",1,2.5,"red",null,[1],"untouched"]`)
	p.emit(`"none"`)
	p.expect(`2["none"]`)
	if err := ns.Emit(`odd "name" é`, "é"); err != nil {
		t.Fatal(err)
	}
	p.expect(`2["odd \"name\" é","é"]`)
}

func TestArgumentsAreRelayedAsTheyCame(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.On("relay", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		if err := s.Broadcast().Emit("relayed", "by", args, s.ID()); err != nil {
			return err
		}
		return args.Ack(args)
	})
	p, q := w.connect("/", ""), w.connect("/", "")
	const args = `1.50,{"b":1, "a":[ ]},12345678901234567890`
	diff(t, "acknowledgement", p.call(`"relay",`+args), "["+args+"]")
	q.expect(`2["relayed","by",` + args + `,"` + p.id + `"]`)
	p.write(`52-["relay",{"_placeholder":true,"num":1},"text",{"file":{"_placeholder":true,"num":0}}]`)
	p.writeBinary("zero")
	p.writeBinary("one")
	// Attachments are numbered anew, in the order in which they are mentioned.
	q.expect(`52-["relayed","by",{"_placeholder":true,"num":0},"text",{"file":{"_placeholder":true,"num":1}},"`+p.id+`"]`, "one", "zero")
}

func TestBinaryTravelsInsideOfStructs(t *testing.T) {
	type File struct {
		Name string      `json:"name"`
		Body brio.Binary `json:"body"`
	}
	const (
		Upload brio.Call[File, int] = "upload"
		Stored brio.Event[[]File]   = "stored"
		Raw    brio.Event[[]byte]   = "raw"
	)
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	Upload.Handle(ns, func(_ context.Context, s *brio.Socket, f File) (int, error) {
		return len(f.Body), Stored.Emit(s.To("watchers"), []File{f, {Name: "none"}})
	})
	ns.On("watch", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		s.Join("watchers")
		return args.Ack()
	})
	p, q := w.connect("/", ""), w.connect("/", "")
	q.call(`"watch"`)
	p.write(`51-9["upload",{"name":"a","body":{"_placeholder":true,"num":0}}]`)
	p.writeBinary("\xff\x00body")
	p.expect(`39[6]`)
	packet := q.read()
	diff(t, "attachment", q.read(), "\xff\x00body")
	diff(t, "packet", packet[:len(`51-["stored",[{"name":"a","body":{"_placeholder":true,"num":0}}`)],
		`51-["stored",[{"name":"a","body":{"_placeholder":true,"num":0}}`)
	if err := Raw.Emit(ns.To(q.id), []byte("raw")); err != nil {
		t.Fatal(err)
	}
	for q.read() != `51-["raw",{"_placeholder":true,"num":0}]` { // perhaps an empty attachment before
	}
	q.expect("raw")
}

// What was emitted is the caller's again.
func TestEmittedBytesMayBeModified(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	p := w.connect("/", "")
	s := ns.Socket(p.id)
	for range 20 {
		b := []byte("good")
		if err := s.Emit("bytes", b); err != nil {
			t.Fatal(err)
		}
		copy(b, "evil")
		b = []byte("good")
		if err := ns.Emit("bytes", brio.Binary(b)); err != nil {
			t.Fatal(err)
		}
		copy(b, "evil")
	}
	for range 40 {
		p.expect(`51-["bytes",{"_placeholder":true,"num":0}]`, "good")
	}
}

func TestOnAnyHearsAllEventsFirst(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	var heard []string
	ns.OnAny(func(_ context.Context, _ *brio.Socket, event string, args brio.Args) error {
		heard = append(heard, "one "+event)
		if event == "forbidden" {
			return brio.Errorf("not here")
		}
		if event == "unknown" {
			return args.Ack("from OnAny")
		}
		return nil
	})
	ns.OnAny(func(_ context.Context, _ *brio.Socket, event string, args brio.Args) error {
		heard = append(heard, "two "+event+" "+string(args.Raw(0)))
		return nil
	})
	ns.On("known", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		heard = append(heard, "handler")
		return args.Ack()
	})
	ns.On("forbidden", func(context.Context, *brio.Socket, brio.Args) error {
		t.Error("the handler runs though OnAny has failed")
		return nil
	})
	ns.On("heard", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack(heard[:6]) })
	p := w.connect("/", "")
	diff(t, "answer", p.call(`"known",1`), "[]")
	diff(t, "answer to an event nobody handles", p.call(`"unknown",2`), `["from OnAny"]`)
	diff(t, "answer that OnAny gave", p.call(`"forbidden"`), `[{"error":{"message":"not here"}}]`)
	diff(t, "heard", p.call(`"heard"`), `[["one known","two known 1","handler","one unknown","two unknown 2","one forbidden"]]`)
}

func TestNoneIsNoArgument(t *testing.T) {
	const Tick brio.Event[brio.None] = "tick"
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	Tick.Handle(ns, func(_ context.Context, s *brio.Socket, _ brio.None) error { return Tick.Emit(s, brio.None{}) })
	p := w.connect("/", "")
	p.emit(`"tick"`)
	p.expect(`2["tick"]`)
	if err := Tick.Emit(ns, brio.None{}); err != nil {
		t.Fatal(err)
	}
	p.expect(`2["tick"]`)
}
