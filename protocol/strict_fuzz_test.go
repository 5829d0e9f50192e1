package protocol

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/briohq/brio/internal/jsonfield"
)

// strictTypes are what a fuzzed argument is decoded into.
var strictTypes = []reflect.Type{
	reflect.TypeFor[order](), reflect.TypeFor[Item](), reflect.TypeFor[map[string][]order](), reflect.TypeFor[[]map[int8]*order](),
	reflect.TypeFor[any](), reflect.TypeFor[int32](), reflect.TypeFor[uint16](), reflect.TypeFor[float32](), reflect.TypeFor[string](),
	reflect.TypeFor[bool](), reflect.TypeFor[[]byte](), reflect.TypeFor[Binary](), reflect.TypeFor[point](), reflect.TypeFor[json.Number](),
	reflect.TypeFor[[3]bool](), reflect.TypeFor[picture](),
}

// What is refused has a place, and what has a place is refused: the finder has the
// rules of encoding/json.
func FuzzStrict(f *testing.F) {
	for _, text := range []string{
		`{"items":[{"price":"x"}]}`, `{"quoted":"12","sum":1,"even":3}`, `{"points":{"1/2":"","x":1}}`, `[{"1":{"id":300}}]`, `{"a":[{"x":1}]}`,
		`"aGk="`, `[1,2,300]`, `[1,256]`, `1e400`, `-0`, `"\ud800"`, `[true,1,2,3]`, `null`, `{"quoted":"00"}`, `{"ITEMS":null,"iTemſ":1}`, `{"quoted":"nul","n":""}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, done, err := new(Decoder).Text(append(append([]byte(`3[`), text...), ']'))
		if !done || err != nil {
			return
		}
		for _, library := range []*JSON{nil, (*JSON)(nil).Strict()} {
			for _, one := range strictTypes {
				checkStrict(t, library, p.Args(), one)
			}
		}
	})
}

func checkStrict(t *testing.T, library *JSON, args Args, one reflect.Type) {
	t.Helper()
	raw := args.Raw(0)
	if raw == nil || library.exact() && args.Len() > 1 {
		return
	}
	v := reflect.New(one)
	refused := library.unmarshal(raw, v.Interface())
	find := finder{library: library, text: raw}
	_, found := find.value(0, one)
	if (refused == nil) != (found == nil) {
		t.Fatalf("%s as %v: decoding says %v, the finder %v", raw, one, refused, found)
	}
	got := scanOne(t, library, args, reflect.New(one).Interface())
	if got != nil && got.Rule == RuleMissing {
		return // null
	}
	if (got == nil) != (refused == nil) {
		t.Fatalf("%s as %v: decoding says %v, ScanOne %v", raw, one, refused, got)
	}
	if got == nil {
		return
	}
	told, err := json.Marshal(got)
	if err != nil || len(told) > 4<<10 || got.Path != jsonfield.Cut(got.Path, 256) || got.Rule == "" || got.Message == "" {
		t.Fatalf("%s as %v: %s, %v", raw, one, told, err)
	}
}
