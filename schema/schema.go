// Package schema publishes and enforces JSON Schemas of events.
//
// The schema of an argument is derived from its Go type by [Of], with the rules that
// stand in jsonschema tags of the fields, or read by [Parse]. [Enforce] refuses events
// whose argument does not fit, before their handlers see them, with the same error that
// brio has for an argument which can't be decoded: the rule of a violation is the
// keyword that was broken, its parameters are those of the keyword. [Document] is what
// to publish: the events of namespaces, with their types as definitions.
//
//	type Order struct {
//		Item  string `json:"item" jsonschema:"minLength=1,maxLength=40"`
//		Count int    `json:"count" jsonschema:"minimum=1,maximum=100"`
//	}
//
//	Place.Handle(ns, place)
//	schema.Enforce(ns, schema.Arguments(ns))
//
// A schema is compiled once. To enforce it costs as much as to decode the argument a
// second time, and more: what a handler with types needs, its decoding checks already,
// and a Validate method is faster. A schema says it to those at the other end, too.
//
// Schemas come from the program, arguments from anybody. Regular expressions are those
// of package regexp, whose time is linear; a $ref leads to the same document or to a
// published version of JSON Schema, and nothing is loaded from elsewhere; numbers have
// at most 100 characters and exponents between -400 and 400. What a schema may cost by
// its own nature, such as anyOf within anyOf, is up to who wrote it.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Schema is the JSON Schema of a value. It is never changed; its methods may be called
// concurrently.
type Schema struct {
	text     []byte
	compiled *jsonschema.Schema
}

// maxSchema bounds the text of a schema in bytes: it is read by hand, or was made of a
// type.
const maxSchema = 1 << 20

// Parse compiles a schema, of at most 1 MiB. Without a $schema it is of the draft
// 2020-12. Formats are enforced: date-time, email, uuid and so on.
func Parse(text []byte) (*Schema, error) {
	if len(text) > maxSchema {
		return nil, fmt.Errorf("schema: %d bytes, of %d that one may have", len(text), maxSchema)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	const name = "schema:///argument"
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(nothing{})
	if err := c.AddResource(name, document); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	compiled, err := c.Compile(name)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &Schema{compact.Bytes(), compiled}, nil
}

// MustParse is [Parse] for a schema that stands in the program. It panics if that is
// wrong.
func MustParse(text string) *Schema {
	s, err := Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	return s
}

// nothing loads no documents.
type nothing struct{}

func (nothing) Load(url string) (any, error) {
	return nil, errors.New("nothing is loaded from elsewhere: put " + url + " into $defs")
}

// MarshalJSON returns the text of the schema.
func (s *Schema) MarshalJSON() ([]byte, error) { return bytes.Clone(s.text), nil }

// String returns the text of the schema.
func (s *Schema) String() string { return string(s.text) }

// Check returns what of a JSON text does not fit: a [*brio.Violation], or several that
// [errors.Join] has joined, at most 8, in the order of their paths.
func (s *Schema) Check(text []byte) error {
	v, err := instance(text)
	if err != nil {
		return err
	}
	return s.check(v)
}

func (s *Schema) check(v any) error {
	err := s.compiled.Validate(v)
	if err == nil {
		return nil
	}
	failure, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	return violations(failure, v)
}
