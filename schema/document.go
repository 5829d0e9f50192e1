package schema

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/briohq/brio"
)

// document is what Document writes.
type document struct {
	Schema      string                        `json:"$schema"`
	Namespaces  map[string]map[string]event   `json:"namespaces"`
	Definitions map[string]*jsonschema.Schema `json:"$defs,omitempty"`
}

type event struct {
	Argument *jsonschema.Schema `json:"argument,omitempty"`
	Answer   *jsonschema.Schema `json:"answer,omitempty"`
}

// Document returns the events that namespaces handle by now, as JSON for those at the
// other end:
//
//	{"$schema":…,"namespaces":{"/shop":{"place":{"argument":{"$ref":"#/$defs/Order"},"answer":{"type":"integer"}}}},"$defs":{"Order":…}}
//
// An event without an argument, or an answer, has none there; one that has a handler
// without types may have any. It panics for what [Of] panics for.
func Document(namespaces ...*brio.Namespace) []byte {
	var types []reflect.Type
	each(namespaces, func(_ *brio.Namespace, h brio.Handler) {
		for _, t := range []reflect.Type{h.Argument, h.Answer} {
			if t != nil && t != noneType {
				types = append(types, t)
			}
		}
	})
	var d deriver
	d.name(types...)
	all := document{Schema: jsonschema.Version, Namespaces: map[string]map[string]event{}}
	each(namespaces, func(ns *brio.Namespace, h brio.Handler) {
		if all.Namespaces[ns.Name()] == nil {
			all.Namespaces[ns.Name()] = map[string]event{}
		}
		all.Namespaces[ns.Name()][h.Event] = event{d.side(h.Argument), d.side(h.Answer)}
	})
	all.Definitions = d.definitions()
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err))
	}
	return text
}

func each(namespaces []*brio.Namespace, f func(*brio.Namespace, brio.Handler)) {
	for _, ns := range namespaces {
		for _, h := range ns.Handlers() {
			f(ns, h)
		}
	}
}

// side returns the schema of what an event has on one side: nil for nothing, anything
// if that is not known.
func (d *deriver) side(t reflect.Type) *jsonschema.Schema {
	switch t {
	case nil:
		return &jsonschema.Schema{}
	case noneType:
		return nil
	}
	return d.schema(t)
}
