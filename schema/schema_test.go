package schema_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/schema"
)

type item struct {
	Name  string  `json:"name" jsonschema:"minLength=1,maxLength=5"`
	Count int     `json:"count,omitempty" jsonschema:"minimum=1,maximum=100"`
	Price float64 `json:"price,omitempty"`
}

type page[T any] struct {
	Items []T `json:"items" jsonschema:"maxItems=3"`
	Next  *T  `json:"next"`
}

type order struct {
	page[item]

	At    time.Time         `json:"at,omitzero"`
	Photo brio.Binary       `json:"photo,omitempty"`
	Raw   json.RawMessage   `json:"raw,omitempty"`
	Total *big.Int          `json:"total,omitempty"`
	Tags  map[string]string `json:"tags,omitempty"`
	Ink   string            `json:"ink,omitempty" jsonschema:"enum=black,enum=red"`
	Page  *page[item]       `json:"page,omitempty"`
}

// violation is what is told, without what is no news.
type violation struct{ Path, Rule, Message, Params string }

func violationsIn(t *testing.T, err error) (list []violation) {
	t.Helper()
	var parts []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		parts = joined.Unwrap()
	} else if err != nil {
		parts = []error{err}
	}
	for _, part := range parts {
		v, ok := errors.AsType[*brio.Violation](part)
		if !ok {
			t.Fatal(part)
		}
		params, err := json.Marshal(v.Params)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, violation{v.Path, v.Rule, v.Message, strings.TrimPrefix(string(params), "null")})
	}
	return list
}

func TestTypesAreEnforced(t *testing.T) {
	s := schema.Of[order]()
	for _, test := range []struct {
		text string
		want []violation
	}{
		{`{"items":[{"name":"a","count":100}],"next":null,"raw":[{}],"total":12,"ink":"red","at":"2020-01-02T03:04:05Z","photo":"aGk="}`, nil},
		{`{"items":[{"name":"a"},{"name":"","count":101}],"next":null}`, []violation{
			{"items[1].count", "maximum", "expected at most 100", `{"max":100}`},
			{"items[1].name", "minLength", "expected at least 1 characters", `{"min":1}`},
		}},
		{`{"next":{"name":"abcdef"},"x":1,"a b":2}`, []violation{
			{"items", "required", "expected a value", ""},
			{"next.name", "maxLength", "expected at most 5 characters", `{"max":5}`},
			{"x", "additionalProperties", "unknown field", ""},
			{`["a b"]`, "additionalProperties", "unknown field", ""},
		}},
		{`{"items":[],"next":null,"ink":"blue","at":"now","tags":{"0":1}}`, []violation{
			{"at", "format", "expected the format date-time", `{"format":"date-time"}`},
			{"ink", "enum", `expected one of "black","red"`, `{"allowed":["black","red"]}`},
			{"tags.0", "type", "expected string", `{"expected":"string"}`},
		}},
		{`{"items":[{},{},{},{}],"next":null}`, []violation{
			{"items", "maxItems", "expected at most 3 elements", `{"max":3}`},
			{"items[0].name", "required", "expected a value", ""},
			{"items[1].name", "required", "expected a value", ""},
			{"items[2].name", "required", "expected a value", ""},
			{"items[3].name", "required", "expected a value", ""},
		}},
		{`7`, []violation{{"", "type", "expected object", `{"expected":"object"}`}}},
		{`nonsense`, []violation{{"", "format", "expected JSON", ""}}},
	} {
		got := violationsIn(t, s.Check([]byte(test.text)))
		if diff := cmp.Diff(sorted(test.want), sorted(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
	many := `{"items":[],"next":null,"tags":{` + strings.Repeat(`"a":1,`, 1)
	for i := range 1000 {
		many += `"` + strings.Repeat("x", i%50+1) + `":1,`
	}
	if got := violationsIn(t, s.Check([]byte(many+`"z":1}}`))); len(got) != 8 {
		t.Errorf("%d violations are told", len(got))
	}
}

func sorted(list []violation) map[violation]bool {
	set := map[violation]bool{}
	for _, v := range list {
		set[v] = true
	}
	return set
}

func TestSchemasAreRead(t *testing.T) {
	s := schema.MustParse(`{"$defs":{"even":{"type":"integer","multipleOf":2}},"type":"array","uniqueItems":true,"contains":{"const":0},
		"items":{"anyOf":[{"$ref":"#/$defs/even"},{"type":"string","pattern":"^[a-z]+$"}],"not":{"const":102}}}`)
	for text, want := range map[string][]violation{
		`[0,2,"a"]`:     nil,
		`[0,2,2]`:       {{"", "uniqueItems", "expected no element twice", ""}},
		`[0,"Z",2]`:     {{"[1]", "anyOf", "does not fit", ""}},
		`[0,3]`:         {{"[1]", "anyOf", "does not fit", ""}},
		`[0,102]`:       {{"[1]", "not", "expected something else", ""}},
		`[2]`:           {{"", "contains", "does not fit", ""}},
		`[0,"secret!"]`: {{"[1]", "anyOf", "does not fit", ""}},
	} {
		if diff := cmp.Diff(sorted(want), sorted(violationsIn(t, s.Check([]byte(text))))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	bounds := schema.MustParse(`{"properties":{"a":{"minimum":1.5},"b":{"exclusiveMaximum":3},"c":{"const":{"x":1}},"d":{"minProperties":1,"maxProperties":1},
		"e":{"minItems":2},"f":{"pattern":"^a"},"g":false,"h":{"type":["string","null"]},"i":{"enum":["` + strings.Repeat("long", 200) + `"]},"j":{"multipleOf":0.01}},
		"dependentRequired":{"a":["z"]}}`)
	for text, want := range map[string]violation{
		`{"z":0,"a":1}`: {"a", "minimum", "expected at least 1.5", `{"min":1.5}`},
		`{"b":3}`:       {"b", "exclusiveMaximum", "expected less than 3", `{"max":3}`},
		`{"c":{"x":2}}`: {"c", "const", `expected {"x":1}`, `{"allowed":[{"x":1}]}`},
		`{"d":{}}`:      {"d", "minProperties", "expected at least 1 fields", `{"min":1}`},
		`{"e":[1]}`:     {"e", "minItems", "expected at least 2 elements", `{"min":2}`},
		`{"f":"b"}`:     {"f", "pattern", "expected another form", `{"pattern":"^a"}`},
		`{"g":1}`:       {"g", "false", "expected nothing here", ""},
		`{"h":1}`:       {"h", "type", "expected null or string", `{"expected":"null or string"}`},
		`{"i":1}`:       {"i", "enum", "expected another value", ""},
		`{"j":0.071}`:   {"j", "multipleOf", "expected a multiple of 0.01", `{"of":0.01}`},
		`{"a":2}`:       {"", "dependentRequired", "does not fit", ""},
	} {
		got := violationsIn(t, bounds.Check([]byte(text)))
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if err := bounds.Check([]byte(`{"j":0.07,"b":2.99}`)); err != nil {
		t.Errorf("numbers are not exact: %v", err)
	}
}

// What would cost the server a lot is refused at once, and what would be fetched never
// is.
func TestNothingIsUnbounded(t *testing.T) {
	s := schema.MustParse(`{"items":{"type":"integer","multipleOf":3}}`)
	for _, number := range []string{"1e1000000000", "1e-999999", "1e401", strings.Repeat("9", 101), "1E+99999999999999999999"} {
		got := violationsIn(t, s.Check([]byte("[0,"+number+"]")))
		if len(got) != 1 || got[0].Path != "[1]" || got[0].Rule != "range" {
			t.Errorf("%.20s: %v", number, got)
		}
	}
	for name, text := range map[string]string{
		"another document": `{"$ref":"https://example.com/schema.json"}`,
		"a file":           `{"$ref":"file:///etc/passwd"}`,
		"no JSON":          `{`,
		"two":              `{} {}`,
		"no schema":        `{"type":7}`,
		"an expression":    `{"pattern":"(?=a)"}`,
		"a long one":       `{"title":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		if _, err := schema.Parse([]byte(text)); err == nil {
			t.Errorf("%s is a schema", name)
		}
	}
}

func TestWrongSchemasPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"text": func() { schema.MustParse(`{"type":7}`) },
		"type": func() { schema.Of[struct{ F func() }]() },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a wrong %s does not panic", name)
				}
			}()
			f()
		}()
	}
}

func TestEventsAreRefused(t *testing.T) {
	const Place brio.Call[order, int] = "place"
	server := brio.NewServer(brio.Config{})
	ns := server.Of("/")
	Place.Handle(ns, func(_ context.Context, _ *brio.Socket, o order) (int, error) { return len(o.Items), nil })
	ns.On("raw", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("raw") })
	ns.On("free", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("free") })
	schemas := schema.Arguments(ns)
	schemas["raw"] = schema.MustParse(`{"properties":{"photo":{"type":"string","maxLength":4}}}`)
	schema.Enforce(ns, schemas)
	c := briotest.Serve(t, server).Connect(t, "/", client.Config{})
	ctx := t.Context()
	if n, err := Place.Do(ctx, c, order{page: page[item]{Items: []item{{Name: "a"}}}}); err != nil || n != 1 {
		t.Error(n, err)
	}
	_, err := Place.Do(ctx, c, order{page: page[item]{Items: []item{{Name: "a"}, {Name: "b", Count: 200}}}})
	e, ok := errors.AsType[*brio.Error](err)
	if !ok || e.Message != "items[1].count: expected at most 100" {
		t.Fatal(err)
	}
	var r brio.Refusal
	if err := json.Unmarshal(e.Data.(json.RawMessage), &r); err != nil || r.Code != brio.CodeInvalid || r.Rule != "maximum" || r.Path != "items[1].count" {
		t.Errorf("%+v, %v", r, err)
	}
	for text, args := range map[string][]any{
		"raw":  {map[string]any{"photo": []byte("hi")}},
		"free": {1},
	} {
		if got, err := c.Do(ctx, text, args...); err != nil || string(got.Raw(0)) != `"`+text+`"` {
			t.Error(text, got, err)
		}
	}
	for _, args := range [][]any{{map[string]any{"photo": []byte("hello")}}, {}} {
		if _, err := c.Do(ctx, "raw", args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}
