package schema

import (
	"context"
	"maps"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
)

// Enforce refuses events of a namespace whose first argument does not fit the schema of
// their name, before their handlers and other listeners that are added later see them.
// Events that have no schema are left alone. An attachment is text in base64 to a
// schema.
func Enforce(ns *brio.Namespace, schemas map[string]*Schema) {
	schemas = maps.Clone(schemas)
	ns.OnAny(func(_ context.Context, _ *brio.Socket, event string, args brio.Args) error {
		s := schemas[event]
		if s == nil {
			return nil
		}
		return s.argument(args)
	})
}

// argument checks the first of the arguments.
func (s *Schema) argument(args brio.Args) error {
	if args.Raw(0) == nil {
		return brio.Invalid("", protocol.RuleMissing, "expected an argument")
	}
	var v value
	if err := args.Args.Scan(&v); err != nil { // by encoding/json, whatever the server's library
		return err
	}
	return s.check(v.root)
}

// Arguments returns the schemas of the arguments that the typed events and calls have
// whose handlers are there by now.
func Arguments(ns *brio.Namespace) map[string]*Schema {
	all := map[string]*Schema{}
	for _, h := range ns.Handlers() {
		if h.Argument != nil && h.Argument != noneType {
			all[h.Event] = ofType(h.Argument)
		}
	}
	return all
}
