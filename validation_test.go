package brio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

// basket is validated by its parts: lines by a value, buyers by a pointer.
type basket struct {
	Lines  []line            `json:"lines"`
	Buyers map[string]*buyer `json:"buyers,omitempty"`
	Extra  map[string]buyer  `json:"extra,omitempty"`
	Gift   *line             `json:"gift,omitempty"`
	Note   string            `json:"note"`
	Photo  brio.Binary       `json:"photo,omitempty"`
	Pages  [][]line          `json:"pages,omitempty"`
}

type line struct {
	Price float64 `json:"price"`
	Count int8    `json:"count"`
}

func (l line) Validate() error {
	var errs []error
	if l.Price <= 0 {
		v := brio.Invalid("price", "minimum", "expected more than 0")
		v.Params = map[string]any{"min": 0}
		errs = append(errs, v)
	}
	if l.Count > 100 {
		errs = append(errs, brio.Invalid("count", "maximum", "expected at most 100"))
	}
	return errors.Join(errs...)
}

type buyer struct{ Name string }

func (b *buyer) Validate() error {
	if b.Name == "" {
		return errors.New("who is this?")
	}
	return nil
}

func (b *basket) Validate() error {
	switch b.Note {
	case "forbidden":
		return &brio.Error{Message: "not you", Data: 7}
	case "panic":
		panic("in Validate")
	case "wrapped":
		return fmt.Errorf("wrapped: %w", brio.Invalid("note", "word", "another word, please"))
	case "long":
		return brio.Invalid(strings.Repeat("p", 999), strings.Repeat("r", 999), strings.Repeat("é", 999))
	}
	return nil
}

const buy brio.Call[basket, int] = "buy"

// violation is what a client is told, as far as there is always something.
type violation struct {
	Message string
	Data    struct {
		Code, Path, Rule, Message string
		Params                    map[string]any
		Errors                    []struct{ Path, Rule, Message string }
	}
}

func refusalIn(t *testing.T, answer string) (v violation) {
	t.Helper()
	var args []struct{ Error violation }
	if err := json.Unmarshal([]byte(answer), &args); err != nil || len(args) != 1 || args[0].Error.Message == "" {
		t.Fatalf("not refused: %s", answer)
	}
	return args[0].Error
}

func TestArgumentsAreDecodedStrictly(t *testing.T) {
	w := newSite(t, brio.Config{})
	buy.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, b basket) (int, error) { return len(b.Lines), nil })
	p := w.connect("/", "")
	diff(t, "answer", p.call(`"buy",{"lines":[{"price":1}]}`), "[1]")
	for _, test := range []struct{ args, message, rule string }{
		{`,{"lines":[{"price":1},{"price":"2"}]}`, "lines[1].price: expected a number", "type"},
		{`,{"lines":[{"count":128}]}`, "lines[0].count: expected an integer from -128 to 127", "range"},
		{`,{"lines":[],"secret":1}`, "secret: unknown field", "unknown"},
		{`,{"buyers":{"a b":{"Name":[]}}}`, `buyers["a b"].Name: expected a string`, "type"},
		{``, "expected an argument", "missing"},
		{`,null`, "expected an argument", "missing"},
		{`,{},{}`, "expected no other argument", "surplus"},
	} {
		got := refusalIn(t, p.call(`"buy"`+test.args))
		if got.Message != test.message || got.Data.Rule != test.rule || got.Data.Code != brio.CodeInvalid || !strings.HasSuffix(got.Message, got.Data.Message) {
			t.Errorf("%s: %+v", test.args, got)
		}
	}
	p.write(`51-9["buy",{"photo":{"_placeholder":true,"num":0},"lines":[{"price":"x"}]}]`)
	p.writeBinary("photo")
	answer, _ := strings.CutPrefix(p.read(), "39")
	diff(t, "beside an attachment", refusalIn(t, answer).Message, "lines[0].price: expected a number")
}

func TestUnknownFieldsMayBeAllowed(t *testing.T) {
	const tick brio.Call[brio.None, int] = "tick"
	w := newSite(t, brio.Config{AllowUnknownFields: true})
	buy.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, b basket) (int, error) { return len(b.Lines), nil })
	tick.Handle(w.Of("/"), func(context.Context, *brio.Socket, brio.None) (int, error) { return 1, nil })
	p := w.connect("/", "")
	diff(t, "answer", p.call(`"buy",{"lines":[{"price":1,"new":2}],"newer":3},4`), "[1]")
	diff(t, "answer", p.call(`"tick",{}`), "[1]")
	diff(t, "refusal", refusalIn(t, p.call(`"buy",{"new":1,"lines":[{"price":true}]}`)).Message, "lines[0].price: expected a number")
	diff(t, "refusal", refusalIn(t, p.call(`"buy"`)).Data.Rule, "missing")
}

func TestAPointerNeedNoArgument(t *testing.T) {
	const find brio.Call[*line, bool] = "find"
	const tick brio.Event[brio.None] = "tick"
	w := newSite(t, brio.Config{})
	find.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, l *line) (bool, error) { return l == nil, nil })
	tick.Handle(w.Of("/"), func(context.Context, *brio.Socket, brio.None) error { return nil })
	p := w.connect("/", "")
	diff(t, "answer", p.call(`"find"`), "[true]")
	diff(t, "answer", p.call(`"find",null`), "[true]")
	diff(t, "answer", p.call(`"find",{"price":1}`), "[false]")
	diff(t, "refusal", refusalIn(t, p.call(`"find",{"price":0}`)).Message, "price: expected more than 0")
	diff(t, "answer", p.call(`"tick"`), "[]")
	diff(t, "answer", p.call(`"tick",null`), "[]") // emit("tick", undefined)
	diff(t, "refusal", refusalIn(t, p.call(`"tick",1`)).Message, "expected no argument")
}

func TestValuesAreValidated(t *testing.T) {
	w := newSite(t, brio.Config{})
	buy.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, b basket) (int, error) { return len(b.Lines), nil })
	p := w.connect("/", "")
	diff(t, "answer", p.call(`"buy",{"lines":[{"price":1}],"gift":null,"buyers":{"a":null,"b":{"Name":"b"}}}`), "[1]")
	for _, test := range []struct{ name, arg, message, rule string }{
		{"an element", `{"lines":[{"price":1},{"price":-1}]}`, "lines[1].price: expected more than 0", "minimum"},
		{"behind a pointer", `{"gift":{}}`, "gift.price: expected more than 0", "minimum"},
		{"a map of pointers", `{"buyers":{"x y":{}}}`, `buyers["x y"]: who is this?`, "validate"},
		{"a map of values", `{"extra":{"x":{}}}`, `extra.x: who is this?`, "validate"},
		{"an element of an element", `{"pages":[[],[{"price":1},{}]]}`, "pages[1][1].price: expected more than 0", "minimum"},
		{"the whole, behind its parts", `{"note":"forbidden","gift":{}}`, "gift.price: expected more than 0", "minimum"},
		{"a wrapped one", `{"note":"wrapped"}`, "note: another word, please", "word"},
	} {
		got := refusalIn(t, p.call(`"buy",`+test.arg))
		if got.Message != test.message || got.Data.Rule != test.rule || got.Data.Code != brio.CodeInvalid || got.Data.Errors != nil {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
	diff(t, "an error as it is", p.call(`"buy",{"note":"forbidden"}`), `[{"error":{"message":"not you","data":7}}]`)
	diff(t, "a panic", p.call(`"buy",{"note":"panic"}`), `[{"error":{"message":"internal error"}}]`)
	diff(t, "parameters", refusalIn(t, p.call(`"buy",{"gift":{}}`)).Data.Params, map[string]any{"min": 0.0})

	both := refusalIn(t, p.call(`"buy",{"gift":{"count":101},"extra":{"b":{},"a":{}}}`))
	diff(t, "message of several", both.Message, "extra.a: who is this? (and 3 more)")
	var paths []string
	for _, e := range both.Data.Errors {
		paths = append(paths, e.Path)
	}
	diff(t, "paths of several", paths, []string{"extra.a", "extra.b", "gift.price", "gift.count"})
	many := refusalIn(t, p.call(`"buy",{"lines":[`+strings.Repeat(`{"count":101},`, 1000)+`{}]}`))
	diff(t, "how many are told", len(many.Data.Errors), 8)
	long := refusalIn(t, p.call(`"buy",{"note":"long"}`)).Data
	if len(long.Path) != 256 || len(long.Rule) != 64 || len(long.Message) > 256 || !strings.HasSuffix(long.Message, "é…") {
		t.Errorf("%d bytes of path, %d of rule, %d of message", len(long.Path), len(long.Rule), len(long.Message))
	}
}

// What a struct embeds is validated by the method that it has of it, or by its own.
func TestWhatIsEmbeddedIsValidatedOnce(t *testing.T) {
	const has brio.Call[embedding, bool] = "has"
	w := newSite(t, brio.Config{})
	has.Handle(w.Of("/"), func(context.Context, *brio.Socket, embedding) (bool, error) { return true, nil })
	p := w.connect("/", "")
	got := refusalIn(t, p.call(`"has",{"price":-1,"count":1,"second":{"price":1}}`))
	if got.Message != "price: expected more than 0" || got.Data.Errors != nil {
		t.Errorf("%+v", got)
	}
	diff(t, "a part", refusalIn(t, p.call(`"has",{"price":1,"second":{"price":0}}`)).Message, "second.price: expected more than 0")
	diff(t, "answer", p.call(`"has",{"price":1,"second":{"price":1}}`), "[true]")
}

type embedding struct {
	line

	Second line `json:"second"`
}

// A violation is told wherever it is returned.
func TestHandlersReturnViolations(t *testing.T) {
	const pay brio.Call[int, int] = "pay"
	w := newSite(t, brio.Config{})
	pay.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, n int) (int, error) {
		return 0, errors.Join(fmt.Errorf("for the log: %w", brio.Invalid("", "funds", "too much")), errTest, brio.Invalid("x", "y", "z"))
	})
	p := w.connect("/", "")
	got := refusalIn(t, p.call(`"pay",1`))
	if got.Message != "too much (and 1 more)" || got.Data.Rule != "funds" || len(got.Data.Errors) != 2 {
		t.Errorf("%+v", got)
	}
}

// decided is decoded by a method that says itself what is told.
type decided struct{}

func (*decided) UnmarshalJSON(b []byte) error {
	if string(b) == "1" {
		return brio.Errorf("not 1")
	}
	return brio.Invalid("inside", "never", "not at all")
}

func TestDecodersReturnWhatIsTold(t *testing.T) {
	const decide brio.Call[struct{ D *decided }, int] = "decide"
	w := newSite(t, brio.Config{})
	decide.Handle(w.Of("/"), func(context.Context, *brio.Socket, struct{ D *decided }) (int, error) { return 0, nil })
	p := w.connect("/", "")
	diff(t, "error", p.call(`"decide",{"D":1}`), `[{"error":{"message":"not 1"}}]`)
	diff(t, "violation", refusalIn(t, p.call(`"decide",{"D":2}`)).Message, "D.inside: not at all")
}

func TestServersValidateEachOther(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	for _, w := range c.sites {
		buy.OnServer(w.Of("/"), func(context.Context, *brio.Namespace, basket) (int, error) { return 1, nil })
	}
	for _, err := range buy.ServerAll(t.Context(), c.sites[0].Of("/"), basket{Gift: &line{}}) {
		e, ok := errors.AsType[*brio.Error](err)
		if !ok || e.Message != "gift.price: expected more than 0" {
			t.Error(err)
		}
	}
}

func TestHandlersAreKnown(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	buy.Handle(ns, func(context.Context, *brio.Socket, basket) (int, error) { return 0, nil })
	ns.On("any", func(context.Context, *brio.Socket, brio.Args) error { return nil })
	brio.Event[brio.None]("tick").Handle(ns, func(context.Context, *brio.Socket, brio.None) error { return nil })
	var got []string
	for _, h := range ns.Handlers() {
		got = append(got, fmt.Sprint(h.Event, " ", h.Argument, " ", h.Answer))
	}
	diff(t, "handlers", got, []string{"any <nil> <nil>", "buy brio_test.basket int", "tick brio.None brio.None"})
}
