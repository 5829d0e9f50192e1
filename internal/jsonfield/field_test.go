package jsonfield

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type Deep struct {
	Both, Only string
	Tagged     string `json:"name"`
}

type Left struct {
	Deep

	Twice string
	A     int `json:"a,string"`
}

type Right struct {
	Twice string
	Both  int `json:"Both"`
}

type hidden struct{ Seen bool }

type loop struct {
	*loop //nolint:unused // it is what makes this one

	Name string
}

type whole struct {
	Left
	*Right
	hidden

	Bad    string `json:"no\\good"` //nolint:staticcheck // what encoding/json makes of it is tested
	Out    string `json:"-"`
	Dash   string `json:"-,"` //nolint:staticcheck // likewise
	Named  Deep   `json:"named"`
	secret int
}

// The fields are those that encoding/json fills.
func TestFieldsAreThoseOfEncodingJSON(t *testing.T) {
	var want []string
	for _, v := range []any{whole{Right: &Right{}, secret: 1}, loop{}, Left{}} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		fields := Of(reflect.TypeOf(v))
		if len(fields) != len(members) {
			t.Errorf("%T has the fields %v, encoding/json writes %s", v, fields, text)
		}
		for _, f := range fields {
			if _, ok := members[f.Name]; !ok {
				t.Errorf("%T: encoding/json does not know %s", v, f.Name)
			}
			if got := reflect.TypeOf(v).FieldByIndex(f.Index).Type; got != f.Type {
				t.Errorf("%T: %s is a %v, not a %v", v, f.Name, got, f.Type)
			}
			if f.Text {
				want = append(want, f.Name)
			}
		}
	}
	if diff := cmp.Diff([]string{"a", "a"}, want); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsAreFound(t *testing.T) {
	fields := Of(reflect.TypeFor[struct {
		Price int `json:"price"`
		PRICE int
	}]())
	for name, want := range map[string]string{"price": "price", "PRICE": "PRICE", "Price": "price", "cost": ""} {
		got := ""
		if f := fields.Find(name); f != nil {
			got = f.Name
		}
		if got != want {
			t.Errorf("%s is the field %q, want %q", name, got, want)
		}
	}
}

func TestPaths(t *testing.T) {
	path := AppendIndex(AppendName(nil, "items"), 2)
	path = AppendName(AppendName(AppendName(path, "price"), "in \"stock\"\n"), "é_1$-")
	if got, want := Path(path), `items[2].price["in \"stock\"\n"].é_1$-`; got != want {
		t.Errorf("the path is %s, want %s", got, want)
	}
	for name, want := range map[string]string{"": `[""]`, "\xff": `["\xff"]`, "a.b": `["a.b"]`} {
		if got := Path(AppendName(nil, name)); got != want {
			t.Errorf("the path is %s, want %s", got, want)
		}
	}
	long := Path(AppendName(AppendName(nil, strings.Repeat("é", 100)), strings.Repeat("x", 300)))
	if want := strings.Repeat("é", 30) + "…." + strings.Repeat("x", 61) + "…"; long != want {
		t.Errorf("the path is %s, want %s", long, want)
	}
	if got := Path([]byte(strings.Repeat("a", 1000))); len(got) != 256 || !strings.HasSuffix(got, "a…") {
		t.Errorf("the path has %d bytes", len(got))
	}
	if Cut("abc", 3) != "abc" || Cut("abcd", 3) != "…" {
		t.Error("texts are not cut at their bound")
	}
}
