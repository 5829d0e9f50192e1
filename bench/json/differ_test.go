package json

import (
	v1 "encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	chosen  = flag.String("library", "", "compare only this `library` with the standard library")
	seconds = flag.Int("seconds", 1, "how long each library is compared, in `seconds`")
	seed    = flag.Uint64("seed", 1, "what the random texts begin with")
)

type embedded struct {
	Shared string  `json:"shared"`
	X      float64 `json:"x"`
}

// Deep is embedded by its pointer, which has to be made.
type Deep struct {
	Shared string `json:"shared"`
	Y      int    `json:"y"`
}

// record has what tags and types there are.
type record struct {
	embedded
	*Deep

	ID     string `json:"id"`
	Plain  int
	Quoted int               `json:"n,string"`
	Ratio  float64           `json:"f,string,omitempty"`
	Flag   bool              `json:"b"`
	Small  uint8             `json:"u8"`
	Half   float32           `json:"f32"`
	List   []record          `json:"list,omitempty"`
	Map    map[string]record `json:"map,omitempty"`
	ByKey  map[int8]string   `json:"keys,omitempty"`
	Any    any               `json:"any"`
	Raw    v1.RawMessage     `json:"raw,omitempty"`
	Time   time.Time         `json:"time,omitzero"`
	Number v1.Number         `json:"number,omitempty"`
	Addr   netip.Addr        `json:"addr"`
	Pair   [2]int            `json:"pair"`
	Bytes  []byte            `json:"bytes,omitempty"`
	Far    **int             `json:"far"`
	Secret int               `json:"-"`
}

var targets = map[string]func() any{
	"any":            func() any { return new(any) },
	"map[string]any": func() any { return new(map[string]any) },
	"record":         func() any { return new(record) },
	"filled record": func() any {
		return &record{ID: "was", Raw: v1.RawMessage("1"), Map: map[string]record{"a": {ID: "was"}}, List: []record{{ID: "was"}}}
	},
	"[]float64":          func() any { return new([]float64) },
	"[]string":           func() any { return new([]string) },
	"string":             func() any { return new(string) },
	"int":                func() any { return new(int) },
	"float64":            func() any { return new(float64) },
	"bool":               func() any { return new(bool) },
	"json.Number":        func() any { return new(v1.Number) },
	"time.Time":          func() any { return new(time.Time) },
	"json.RawMessage":    func() any { return new(v1.RawMessage) },
	"netip.Addr":         func() any { return new(netip.Addr) },
	"map[netip.Addr]int": func() any { return new(map[netip.Addr]int) },
	"[]byte":             func() any { return new([]byte) },
	"map[int8]string":    func() any { return new(map[int8]string) },
	"**int":              func() any { return new(**int) },
	"[2]int":             func() any { return new([2]int) },
}

// TestDifferences counts where a library decodes another value than the standard
// library, or fails where that doesn't, and the other way round; and then where it
// encodes what was decoded otherwise. It lists them, and fails for none: they are
// facts about others. A crash is one too.
func TestDifferences(t *testing.T) {
	for _, l := range libraries[1:] {
		if *chosen != "" && l.name != *chosen {
			continue
		}
		t.Run(l.name, func(t *testing.T) { differences(t, l) })
	}
}

func differences(t *testing.T, l library) {
	r := rand.New(rand.NewPCG(*seed, 2))
	found, samples, tried := map[string]int{}, map[string]string{}, 0
	note := func(what, text string) {
		found[what]++
		if s, ok := samples[what]; !ok || len(text) < len(s) {
			samples[what] = text
		}
	}
	names := slices.Sorted(maps.Keys(targets))
	for end := time.Now().Add(time.Duration(*seconds) * time.Second); time.Now().Before(end); {
		text := mutate(r, random(r, 4))
		if r.IntN(3) == 0 {
			text = nasty[r.IntN(len(nasty))]
		}
		for _, name := range names {
			tried++
			want, got := targets[name](), targets[name]()
			errWant := v1.Unmarshal([]byte(text), want)
			errGot, panicked := protect(func() error { return l.unmarshal([]byte(text), got) })
			switch {
			case panicked != nil:
				note("decode "+name+": panics: "+fmt.Sprint(panicked), text)
				continue
			case errWant != nil && errGot == nil:
				note("decode "+name+": accepts what is refused", text)
				continue
			case errWant == nil && errGot != nil:
				note("decode "+name+": refuses what is accepted", text)
				continue
			case errWant != nil:
				continue
			case !reflect.DeepEqual(want, got):
				note("decode "+name+": another value", text)
			}
			encoded, errWant := v1.Marshal(want)
			other, errGot := l.marshal(want)
			if (errWant == nil) != (errGot == nil) || string(encoded) != string(other) {
				note("encode "+name, fmt.Sprintf("%s, not %s, %v", short(string(other)), short(string(encoded)), errGot))
			}
		}
	}
	t.Logf("%d comparisons, %d kinds of difference", tried, len(found))
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Logf("%7d %s: %s", found[what], what, short(fmt.Sprintf("%q", samples[what])))
	}
}

func protect(f func() error) (err error, panicked any) {
	defer func() { panicked = recover() }()
	return f(), nil
}

func short(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

var keys = []string{
	"id", "ID", "Id", "plain", "Plain", "n", "f", "b", "u8", "f32", "list", "map", "keys", "any", "raw", "time", "number",
	"addr", "pair", "bytes", "far", "shared", "x", "y", "Secret", "-", "", "\\u0069d", "a", "ı", "ſhared", "K",
}

var scalars = []string{
	`null`, `true`, `false`, `0`, `-0`, `1`, `12`, `255`, `256`, `-1`, `1.5`, `1e2`, `1E400`, `-1e-400`, `123456789012345678901234567890`,
	`9223372036854775807`, `9223372036854775808`, `18446744073709551616`, `0.1`, `1e21`, `1e-7`, `3.4e39`, `""`, `"12"`, `"-1"`, `"1.5"`,
	`"true"`, `"null"`, `"aGk="`, `"aGk"`, `"2020-01-02T03:04:05Z"`, `"2020-01-02T03:04:05,5+24:00"`, `"::1"`, `"127.0.0.1"`, `"\ud800"`,
	`"\ud83d\ude00"`, `"\udc00\ud800x"`, `"é <b>&\u2028 "`, "\"\xff\xc0\xaf\xed\xa0\x80\"", `"a\"\\\/\b\f\n\r\t\u0000"`, "\"\x7f\"", `"plain text, of some length"`,
}

// nasty are texts that no mutation is likely to make.
var nasty = []string{
	``, ` `, "\ufeff1", `nul`, `01`, `1.`, `.5`, `-`, `+1`, `1e`, `0x1`, `NaN`, `Infinity`, `"`, `"\`, `"\u`, `"\u12`, `"\x"`, `'a'`, "\"\n\"", "\"\x00\"",
	`[1,]`, `[,]`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `{"\`, "{\"\x00d\\", `{"\29\`, `[1]x`, `1 2`, `null x`, `{"id":"a","id":"b"}`, `{"id":1,"id":"b"}`,
	`{"map":{"a":{"id":"x"},"a":{"Plain":1}}}`, `{"list":[{"id":"x"}],"list":[{"Plain":1}]}`, `{"list":[{},{}]}`, `{"any":{"a":1},"any":{"b":2}}`,
	`{"n":1}`, `{"n":"1"}`, `{"n":" 1"}`, `{"n":""}`, `{"n":"null"}`, `{"n":null}`, `{"f":"1e5"}`, `{"f":"NaN"}`, `{"number":"1"}`, `{"number":""}`, `{"number":"x"}`,
	`[1,2,3]`, `[1]`, `{"pair":[1]}`, `{"pair":[1,2,3]}`, `{"bytes":[1,2]}`, `{"bytes":"a\n"}`, `{"keys":{"128":"a"}}`, `{"keys":{"+1":"a","01":"b"}}`,
	`{"::1":1}`, `{"x":1}`, `{"raw": [ 1 , 2 ] }`, `{"raw":null}`, `{"time":1}`, `{"time":null}`, `{"time":"2020-1-2T03:04:05Z"}`, `{"shared":"s","y":1}`,
	strings.Repeat("[", 9999) + strings.Repeat("]", 9999), strings.Repeat("[", 10001) + strings.Repeat("]", 10001),
	strings.Repeat(`{"a":`, 300) + "1" + strings.Repeat("}", 300), `"` + strings.Repeat("x", 5000) + `\u00e9"`, strings.Repeat("9", 400), "0." + strings.Repeat("1", 800),
	"{\"\xff\":1}", "{\"\xff\":1,\"\\ufffd\":2}", `{"\ud800":1,"\udfff":2}`,
}

// random returns a JSON text, nested at most so deep.
func random(r *rand.Rand, depth int) string {
	kind := r.IntN(6)
	if depth == 0 {
		kind = 5
	}
	var b strings.Builder
	switch kind {
	case 0, 1, 2:
		b.WriteByte('{')
		for i := range r.IntN(6) {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `%s"%s"%s:%s`, blank(r), keys[r.IntN(len(keys))], blank(r), random(r, depth-1))
		}
		b.WriteByte('}')
	case 3:
		b.WriteByte('[')
		for i := range r.IntN(4) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(random(r, depth-1))
		}
		b.WriteByte(']')
	default:
		return scalars[r.IntN(len(scalars))]
	}
	return blank(r) + b.String() + blank(r)
}

func blank(r *rand.Rand) string {
	if r.IntN(5) > 0 {
		return ""
	}
	return string(" \t\r\n"[r.IntN(4)])
}

// mutate changes, in one of three texts, some bytes.
func mutate(r *rand.Rand, text string) string {
	if r.IntN(3) > 0 {
		return text
	}
	b := []byte(text)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(b) + 1)
		switch {
		case r.IntN(3) == 0:
			b = b[:i]
		case r.IntN(2) == 0 && i < len(b):
			b = slices.Delete(b, i, i+1)
		default:
			c := `{}[]:,"\ue0123.-+tfn `
			b = slices.Insert(b, i, c[r.IntN(len(c))])
		}
	}
	return string(b)
}
