package brio

import (
	"reflect"
	"slices"
)

// Handler is what is known of the handler of an event.
type Handler struct {
	Event string
	// Argument and Answer are the types of a typed event or call, [None] for
	// nothing. They are nil for one of [Namespace.On].
	Argument, Answer reflect.Type
}

func newHandler[Req, Res any](event string) Handler {
	return Handler{event, reflect.TypeFor[Req](), reflect.TypeFor[Res]()}
}

// Handlers returns the events that have a handler, by [Namespace.On], [Event.Handle]
// or [Call.Handle], sorted by name. A child has those of its parent.
func (ns *Namespace) Handlers() []Handler { return slices.Clone(ns.table.Load().handlers) }
