package contract

import (
	"cmp"
	"errors"
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// assembly puts what was found together.
type assembly struct {
	*usage

	shapes *shaper
	events map[address]*entry
}

// address tells the events of a contract apart.
type address struct {
	namespace string
	toServer  bool
	name      string
}

// entry is an event, and the use that it is made from.
type entry struct {
	use   use
	event Event
}

// assemble returns what the uses come to, or all that can't be described.
func (u *usage) assemble(title string) (*Contract, error) {
	uses := u.all()
	if len(uses) == 0 {
		return nil, fmt.Errorf("no events in %s: declare them as constants, such as\n\tconst Say brio.Event[string] = \"say\"", u.packages[0].PkgPath)
	}
	a := &assembly{usage: u, shapes: newShaper(u.program), events: map[address]*entry{}}
	known := map[string]bool{}
	for _, one := range uses {
		for _, name := range one.namespaces {
			known[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(known))
	if len(names) == 0 {
		names = []string{""}
	}
	for _, one := range uses {
		in := one.namespaces
		switch {
		case in != nil:
		case one.client && slices.ContainsFunc(uses, one.servedBy):
			continue // the server knows where
		default:
			in = names
		}
		for _, namespace := range in {
			a.add(address{namespace, one.toServer, one.name}, one)
		}
	}
	c := &Contract{Title: title, Failure: !u.customEnvelope()}
	for _, name := range names {
		c.Namespaces = append(c.Namespaces, a.namespace(name))
	}
	c.Types = a.shapes.types()
	c.Notes = u.lines(u.notes)
	failures := append(u.failures, a.shapes.failures...)
	if len(failures) == 0 {
		return c, nil
	}
	var all []error
	for _, line := range u.lines(failures) {
		all = append(all, errors.New(line))
	}
	return nil, errors.Join(all...)
}

// servedBy reports whether the other is the same event at the server's end.
func (one use) servedBy(other use) bool {
	return !other.client && other.name == one.name && other.toServer == one.toServer
}

// add adds a use, which must agree with the others of its event.
func (a *assembly) add(to address, one use) {
	known := a.events[to]
	switch {
	case known == nil:
		a.events[to] = &entry{use: one, event: a.event(one)}
		return
	case known.event.Untyped && one.kind != "":
		known.use, known.event = one, a.event(one)
		return
	case one.kind == "" || one.kind == known.use.kind && slices.EqualFunc(one.of, known.use.of, a.identical):
		if known.use.parameter == "" {
			known.use.parameter = one.parameter
			known.event.Parameter = parameter(known.use, known.event.Argument.name())
		}
		return
	}
	a.failures = append(a.failures, note{one.pos, fmt.Sprintf("event %q is a %s here, and a %s at %s: one of them needs another name",
		one.name, a.describe(one), a.describe(known.use), a.at(known.use.pos))})
}

// identical compares types of packages that may have been read twice.
func (a *assembly) identical(x, y types.Type) bool {
	return types.TypeString(x, nil) == types.TypeString(y, nil)
}

func (a *assembly) describe(one use) string {
	var of []string
	for _, t := range one.of {
		of = append(of, types.TypeString(t, (*types.Package).Name))
	}
	return fmt.Sprintf("brio.%s[%s]", one.kind, strings.Join(of, ", "))
}

func (a *assembly) event(one use) Event {
	e := Event{Name: one.name, Untyped: one.kind == "", Call: one.kind == "Call"}
	if one.object != nil {
		e.Doc = a.comment(one.object)
	}
	if e.Untyped {
		return e
	}
	if isArgs(one.of[0]) {
		e.Untyped = true
		return e
	}
	e.Argument = a.shapes.argument(one.of[0], one.pos)
	e.Parameter = parameter(one, e.Argument.name())
	if e.Call {
		e.Answer = a.shapes.argument(one.of[1], one.pos)
	}
	return e
}

// namespace returns a namespace with its events.
func (a *assembly) namespace(name string) Namespace {
	ns := Namespace{Name: name}
	for to, e := range a.events {
		switch {
		case to.namespace != name:
		case to.toServer:
			ns.ToServer = append(ns.ToServer, e.event)
		default:
			ns.ToClient = append(ns.ToClient, e.event)
		}
	}
	byName := func(a, b Event) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(ns.ToClient, byName)
	slices.SortFunc(ns.ToServer, byName)
	return ns
}

// lines returns the notes with their places, in the order of the source, each once.
func (u *usage) lines(notes []note) []string {
	slices.SortStableFunc(notes, func(a, b note) int { return u.compare(a.pos, b.pos) })
	var list []string
	for _, n := range notes {
		list = append(list, u.at(n.pos)+": "+n.text)
	}
	return slices.Compact(list)
}
