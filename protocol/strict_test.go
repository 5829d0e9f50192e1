package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type base struct {
	ID    int8 `json:"id"`
	Under bool
}

type Item struct {
	Price float64           `json:"price"`
	Count uint8             `json:"count,omitempty"`
	Notes map[string]*int32 `json:"notes"`
	Next  *Item             `json:"next"`
}

// order has a field of each sort.
type order struct {
	base
	*Item

	Items  []Item           `json:"items"`
	Pair   [2]string        `json:"pair"`
	Codes  map[uint8]bool   `json:"codes"`
	Points map[point]string `json:"points"`
	At     time.Time        `json:"at"`
	Sum    *big.Int         `json:"sum"`
	N      json.Number      `json:"n"`
	Quoted *int16           `json:"quoted,string"`
	Raw    json.RawMessage  `json:"raw"`
	Data   Binary           `json:"data"`
	Any    any              `json:"any"`
	Where  point            `json:"where"`
	Even   even             `json:"even"`
	Hidden string           `json:"-"`
	Reader fmt.Stringer     `json:"reader"`
	inner  int              //nolint:unused // it is no field to JSON
}

// point is text.
type point struct{ X, Y int }

func (p *point) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "%d/%d", &p.X, &p.Y)
	return err
}

func (p point) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d/%d", p.X, p.Y), nil }

// even says itself what is wrong.
type even int

func (e *even) UnmarshalJSON(b []byte) error {
	var n int
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	if n%2 != 0 {
		return fmt.Errorf("even: %w", &Violation{Path: "half", Rule: "even", Message: "expected an even number"})
	}
	*e = even(n)
	return nil
}

func scanOne(t testing.TB, j *JSON, args Args, dest any) *Violation {
	t.Helper()
	err := j.ScanOne(args, dest)
	if err == nil {
		return nil
	}
	scan, ok := errors.AsType[*ScanError](err)
	if !ok || scan.Violation == nil || scan.Error() == "" {
		t.Fatalf("the error is %v", err)
	}
	return scan.Violation
}

func TestViolationsHaveTheirPlace(t *testing.T) {
	tests := []struct{ name, text, path, rule, message string }{
		{"another type", `{"items":[{"price":1},{"price":"2"}]}`, "items[1].price", RuleType, "expected a number"},
		{"the argument itself", `7`, "", RuleType, "expected an object"},
		{"too large", `{"id":128}`, "id", RuleRange, "expected an integer from -128 to 127"},
		{"too small", `{"items":[{"count":-1}]}`, "items[0].count", RuleRange, "expected an integer from 0 to 255"},
		{"no integer", `{"id":1.5}`, "id", RuleType, "expected an integer"},
		{"beyond float64", `{"price":1e999}`, "price", RuleRange, "expected a number that fits in 64 bits"},
		{"unknown", `{"id":1,"nope":{"a":[1]}}`, "nope", RuleUnknown, "unknown field"},
		{"unknown, deep inside", `{"next":{"next":{"id":1}}}`, "next.next.id", RuleUnknown, "unknown field"},
		{"not a field", `{"inner":1}`, "inner", RuleUnknown, "unknown field"},
		{"not a field either", `{"Hidden":"x"}`, "Hidden", RuleUnknown, "unknown field"},
		{"a name in other letters", `{"ITEMS":{}}`, "ITEMS", RuleType, "expected an array"},
		{"a map", `{"notes":{"a b":1,"c\n\"d":2.5}}`, `notes["c\n\"d"]`, RuleType, "expected an integer"},
		{"a member of a map", `{"items":[{"notes":{"x":null,"y":[]}}]}`, "items[0].notes.y", RuleType, "expected an integer"},
		{"a key", `{"codes":{"1":true,"x":true}}`, "codes.x", RuleType, "expected an integer as key"},
		{"a key out of range", `{"codes":{"256":true}}`, "codes.256", RuleRange, "expected an integer from 0 to 255 as key"},
		{"a key with a method", `{"points":{"1/2":"","3":""}}`, "points.3", RuleFormat, "invalid value"},
		{"an array", `{"pair":["a",2]}`, "pair[1]", RuleType, "expected a string"},
		{"a boolean", `{"Under":"true"}`, "Under", RuleType, "expected true or false"},
		{"a time", `{"at":"tomorrow"}`, "at", RuleFormat, "expected a time such as 2006-01-02T15:04:05Z"},
		{"a time that is a number", `{"at":12}`, "at", RuleType, "expected a string"},
		{"a method", `{"sum":"12"}`, "sum", RuleFormat, "invalid value"},
		{"a text with a method", `{"where":"1"}`, "where", RuleFormat, "invalid value"},
		{"no text for its method", `{"where":{}}`, "where", RuleType, "expected a string"},
		{"a number as it came", `{"n":true}`, "n", RuleType, "expected a number"},
		{"a number as text", `{"quoted":12}`, "quoted", RuleType, "expected a value of its type as text in a string"},
		{"a number as text, too large", `{"quoted":"32768"}`, "quoted", RuleType, "expected a value of its type as text in a string"},
		{"no base64", `{"data":"?"}`, "data", RuleFormat, "expected bytes, or base64"},
		{"no bytes", `{"data":1}`, "data", RuleType, "expected a string"},
		{"its own rule", `{"even":3}`, "even.half", "even", "expected an even number"},
		{"an interface with methods", `{"reader":"x"}`, "reader", RuleType, "expected nothing here"},
		{"the first of several", `{"id":"x","Under":1}`, "id", RuleType, "expected true or false"},
	}
	tests[len(tests)-1].message = "expected an integer"
	j := (*JSON)(nil).Strict()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := scanOne(t, j, decode(t, `3[`+test.text+`]`).Args(), new(order))
			if got == nil {
				t.Fatal("it was taken")
			}
			got.Params = nil
			want := &Violation{Path: test.path, Rule: test.rule, Message: test.message}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatFitsIsTaken(t *testing.T) {
	j := (*JSON)(nil).Strict()
	for _, text := range []string{
		`{}`, ` { } `, `{"id":-128,"price":1,"items":null,"pair":["a"],"codes":{"255":true},"points":{"1/2":"x"}}`,
		`{"pair":["a","b",3],"at":"2020-01-02T03:04:05Z","sum":123456789012345678901234567890,"n":1e5,"quoted":"-5"}`,
		`{"quoted":null,"raw":[{}],"data":"aGk=","any":{"x":1},"where":"1/2","even":4,"reader":null,"notes":{"a":null}}`,
		`{"data":[104,105],"Items":[{"next":null}],"quoted":"null"}`,
	} {
		if v := scanOne(t, j, decode(t, `3[`+text+`]`).Args(), new(order)); v != nil {
			t.Errorf("%s: %v", text, v)
		}
	}
	var o order
	if v := scanOne(t, j, decode(t, `61-[{"data":`+at0+`}]`, "bytes").Args(), &o); v != nil || string(o.Data) != "bytes" {
		t.Errorf("%q, %v", o.Data, v)
	}
	v := scanOne(t, j, decode(t, `62-[{"data":`+at0+`,"items":[{"price":`+at1+`}]}]`, "bytes", "others").Args(), &o)
	if v == nil || v.Path != "items[0].price" || v.Rule != RuleType {
		t.Error(v)
	}
}

func TestOneArgumentIsWanted(t *testing.T) {
	strict, lenient := (*JSON)(nil).Strict(), (*JSON)(nil)
	var p *string
	tests := []struct {
		name, packet string
		library      *JSON
		dest         any
		rule         string
	}{
		{"none", `3[]`, strict, new(string), RuleMissing},
		{"none, leniently", `3[]`, lenient, new(string), RuleMissing},
		{"none for a pointer", `3[]`, strict, &p, ""},
		{"none for anything", `3[]`, strict, new(any), ""},
		{"two", `3["a",1]`, strict, new(string), RuleSurplus},
		{"two, leniently", `3["a",1]`, lenient, new(string), ""},
		{"null", `3[null]`, strict, new(string), RuleMissing},
		{"null, leniently", `3[null]`, lenient, new(string), ""},
		{"null for a struct", `3[null]`, strict, new(order), RuleMissing},
		{"null for a pointer", `3[null]`, strict, &p, ""},
		{"null for a slice", `3[null]`, strict, new([]int), ""},
		{"null for a method", `3[null]`, strict, new(json.RawMessage), ""},
		{"none for a method", `3[]`, strict, new(even), RuleMissing},
		{"null too much", `3["a",null,null]`, strict, new(string), ""},
		{"more than null too much", `3["a",null,1]`, strict, new(string), RuleSurplus},
		{"unknown, leniently", `3[{"nope":1}]`, lenient, new(order), ""},
		{"a number", `3["a"]`, strict, new(int), RuleType},
		{"a large number", `3[1e30]`, strict, new(int64), RuleType},
		{"a larger number", `3[12345678901234567890]`, strict, new(int64), RuleRange},
		{"no object", `3[[]]`, strict, new(map[string]any), RuleType},
		{"no place for it", `3[1]`, strict, nil, RuleFormat},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := scanOne(t, test.library, decode(t, test.packet).Args(), test.dest)
			if v == nil && test.rule != "" || v != nil && v.Rule != test.rule {
				t.Errorf("%v, want the rule %q", v, test.rule)
			}
		})
	}
	if err := strict.ScanNone(decode(t, `3[]`).Args()); err != nil {
		t.Error(err)
	}
	if err := strict.ScanNone(decode(t, `3[null]`).Args()); err != nil {
		t.Error(err)
	}
	if err := strict.ScanNone(decode(t, `3[null,0]`).Args()); err == nil {
		t.Error("an argument was taken for none")
	}
	if err := lenient.ScanNone(decode(t, `3[null]`).Args()); err != nil {
		t.Error(err)
	}
}

// Another library has its own rules, which are asked first.
func TestAnotherLibraryIsStrict(t *testing.T) {
	type named struct{ Name string }
	failing := &JSON{Unmarshal: func([]byte, any) error { return errLibrary }}
	exact := &JSON{Unmarshal: json.Unmarshal, UnmarshalStrict: unmarshalStrict}
	loose := &JSON{Unmarshal: json.Unmarshal}
	tests := []struct {
		name       string
		library    *JSON
		text       string
		rule, path string
	}{
		{"it refuses what others take", failing, `{"Name":"a"}`, RuleFormat, ""},
		{"it refuses what others do", failing, `{"Name":1}`, RuleType, "Name"},
		{"it knows fields", exact, `{"Nome":"a"}`, RuleUnknown, "Nome"},
		{"it knows no fields", loose, `{"Nome":"a"}`, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := scanOne(t, test.library.Strict(), decode(t, `3[`+test.text+`]`).Args(), new(named))
			if v == nil && test.rule != "" || v != nil && (v.Rule != test.rule || v.Path != test.path) {
				t.Error(v)
			}
		})
	}
}

func TestPathsAreShort(t *testing.T) {
	long := strings.Repeat("é", 500)
	deep := strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)
	type tree map[string]tree
	for _, text := range []string{`{"` + long + `":1}`, `{"notes":{"` + long + `":"x"}}`, `{"next":{"notes":` + deep + `}}`} {
		v := scanOne(t, (*JSON)(nil).Strict(), decode(t, `3[`+text+`]`).Args(), new(order))
		if v == nil || len(v.Path) > 256 || v.Path == "" {
			t.Errorf("%.20s: %v", text, v)
		}
	}
	v := scanOne(t, (*JSON)(nil).Strict(), decode(t, `3[`+strings.ReplaceAll(deep, `"a"`, `"`+strings.Repeat("a", 60)+`"`)+`]`).Args(), new(tree))
	if v == nil || len(v.Path) > 256 || !strings.HasSuffix(v.Path, "…") || !strings.HasPrefix(v.Path, "aaa") {
		t.Errorf("%v", v)
	}
}
