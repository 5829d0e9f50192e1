package protocol

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/internal/jsonstring"
)

type named struct{ Name string }

func (n named) MarshalJSON() ([]byte, error) { return json.Marshal("(" + n.Name + ")") }

func TestAppendArgs(t *testing.T) {
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name string
		args []any
		want string
	}{
		{"none", nil, `[]`},
		{"nil", []any{nil}, `[null]`},
		{"strings", []any{"", "a", "<&>é\u2028"}, "[\"\",\"a\",\"<&>é\u2028\"]"},
		{"escapes", []any{"\"\\\b\f\n\r\t\x00\x1f\x7f"}, `["\"\\\b\f\n\r\t\u0000\u001f` + "\x7f\"]"},
		{"not UTF-8", []any{"a\xffb"}, `["a` + "\uFFFD" + `b"]`},
		{"booleans", []any{true, false}, `[true,false]`},
		{"integers", []any{1, int8(-2), int32(-3), int64(math.MinInt64), uint(5), uint16(6), uint32(7), uint64(math.MaxUint64)},
			`[1,-2,-3,-9223372036854775808,5,6,7,18446744073709551615]`},
		{"floats", []any{0.1, -1.5e300, 1e21, 1e20, 1e-7, 0.000001, float32(0.1), float32(1e-7), 5e-324},
			`[0.1,-1.5e+300,1e+21,100000000000000000000,1e-7,0.000001,0.1,1e-7,5e-324]`},
		{"raw", []any{json.RawMessage(` {"a" : 1} `), json.RawMessage(nil)}, `[{"a" : 1},null]`},
		{"struct without HTML escapes", []any{struct{ A string }{"<&>"}}, `[{"A":"<&>"}]`},
		{"map", []any{map[string]any{"b": 1, "a": []any{"x", nil}}}, `[{"a":["x",null],"b":1}]`},
		{"marshaler", []any{named{"n"}, when}, `["(n)","2026-01-02T03:04:05Z"]`},
		{"nil bytes", []any{[]byte(nil), Binary(nil), []any(nil), (*picture)(nil)}, `[null,null,null,null]`},
		{"bytes in a field", []any{struct{ A []byte }{[]byte("hi")}}, `[{"A":"aGk="}]`},
		{"what looks like a placeholder", []any{map[string]any{"_placeholder": true, "num": 0}}, `[{"_placeholder":true,"num":0}]`},
		{"args", []any{1, decode(t, `3["a", [2]]`).Args(), 3}, `[1,"a", [2],3]`},
		{"no args", []any{Args{}, decode(t, `3[ ]`).Args(), 1, Args{}}, `[1]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, attachments, err := AppendArgs([]byte("x["), nil, test.args...)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != "x["+test.want || attachments != nil {
				t.Errorf("got  %s %q\nwant %s", got, attachments, test.want)
			}
			if !json.Valid(got[2:]) {
				t.Error("not JSON")
			}
		})
	}
}

type inner struct{ Data Binary }

type album struct {
	inner
	Cover   Binary            `json:"cover"`
	Empty   Binary            `json:"empty,omitempty"`
	Hidden  Binary            `json:"-"`
	Any     any               `json:"any"`
	Next    *album            `json:"next,omitempty"`
	Pages   []Binary          `json:"pages"`
	Array   [2]Binary         `json:"array"`
	ByName  map[string]Binary `json:"byName"`
	Opaque  named             `json:"opaque"`
	private Binary
	mu      sync.Mutex
}

func TestAttachments(t *testing.T) {
	shared := &inner{Binary("s")}
	tests := []struct {
		name        string
		arg         any
		want        string
		attachments []string
	}{
		{"bytes", []byte("a"), `$0`, []string{"a"}},
		{"binary", Binary("a"), `$0`, []string{"a"}},
		{"empty bytes", []byte{}, `$0`, []string{""}},
		{"tree", []any{1, []byte("a"), map[string]any{"z": []byte("z"), "y": []any{[]byte("y")}, "n": []byte(nil)}},
			`[1,$0,{"n":null,"y":[$1],"z":$2}]`, []string{"a", "y", "z"}},
		{"slices of bytes", [][]byte{[]byte("a"), nil, []byte("b")}, `[$0,null,$1]`, []string{"a", "b"}},
		{"map of bytes", map[string][]byte{"b": []byte("b"), "a": []byte("a")}, `{"a":$0,"b":$1}`, []string{"a", "b"}},
		{"map of binaries", map[int]Binary{2: Binary("b"), 1: Binary("a")}, `{"1":$0,"2":$1}`, []string{"a", "b"}},
		{"map of structs", map[string]inner{"k": {Binary("a")}, "l": {}}, `{"k":{"Data":$0},"l":{"Data":null}}`, []string{"a"}},
		{"pointer", shared, `{"Data":$0}`, []string{"s"}},
		{"the same twice", []*inner{shared, shared, nil}, `[{"Data":$0},{"Data":$1},null]`, []string{"s", "s"}},
		{"struct in a tree", map[string]any{"a": inner{Binary("a")}}, `{"a":{"Data":$0}}`, []string{"a"}},
		{"bytes in a field of type any", struct{ A any }{[]byte("a")}, `{"A":$0}`, []string{"a"}},
		{"empty field", inner{Binary{}}, `{"Data":$0}`, []string{""}},
		{"everything", &album{
			inner: inner{Binary("i")}, Cover: Binary("c"), Empty: Binary{}, Hidden: Binary("h"), Any: []any{Binary("x")},
			Next: &album{Cover: Binary("c2")}, Pages: []Binary{Binary("p"), nil}, Array: [2]Binary{1: Binary("r")},
			ByName: map[string]Binary{"n": Binary("n")}, Opaque: named{"o"}, private: Binary("p"),
		}, `{"Data":$0,"cover":$1,"any":[$2],"next":{"Data":null,"cover":$3,"any":null,"pages":null,"array":[null,null],"byName":null,"opaque":"()"},` +
			`"pages":[$4,null],"array":[null,$5],"byName":{"n":$6},"opaque":"(o)"}`, []string{"i", "c", "x", "c2", "p", "r", "n"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, _ := json.Marshal(test.arg)
			got, attachments, err := AppendArgs(nil, nil, test.arg)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("["+placeholdersAt(test.want)+"]", string(got)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.attachments, texts(attachments)); diff != "" {
				t.Error(diff)
			}
			if after, _ := json.Marshal(test.arg); string(before) != string(after) {
				t.Errorf("the argument was changed from %s to %s", before, after)
			}
		})
	}
}

// placeholdersAt replaces $0, $1 … by placeholders.
func placeholdersAt(s string) string {
	for i := range 10 {
		s = strings.ReplaceAll(s, "$"+string(rune('0'+i)), string(appendPlaceholder(nil, i)))
	}
	return s
}

func texts(bs [][]byte) []string {
	var all []string
	for _, b := range bs {
		all = append(all, string(b))
	}
	return all
}

type behindPointer struct {
	*inner
	Data2 Binary
}

type ownJSON struct{ Data Binary }

func (o *ownJSON) MarshalJSON() ([]byte, error) { return json.Marshal(o.Data) }

// What Binary documents as out of reach stays text in base64.
func TestBinaryOutOfReach(t *testing.T) {
	for want, arg := range map[string]any{
		`[{"Data":"YQ==","Data2":"Yg=="}]`: behindPointer{&inner{Binary("a")}, Binary("b")},
		`["YQ=="]`:                         &ownJSON{Binary("a")},
	} {
		got, attachments, err := AppendArgs(nil, nil, arg)
		if err != nil || string(got) != want || len(attachments) != 0 {
			t.Errorf("%s %q %v, want %s", got, attachments, err, want)
		}
	}
}

func TestBinaryIsBase64Elsewhere(t *testing.T) {
	if _, _, err := AppendArgs(nil, nil, inner{Binary("hi")}); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"a": Binary("hi"), "b": Binary(nil)})
	if err != nil || string(text) != `{"a":"aGk=","b":null}` {
		t.Errorf("%s, %v", text, err)
	}
	var back map[string]Binary
	if err := json.Unmarshal(text, &back); err != nil || string(back["a"]) != "hi" || back["b"] != nil {
		t.Errorf("%v, %v", back, err)
	}
}

func TestRelayRenumbers(t *testing.T) {
	args := decode(t, `54-["e",`+at3+`,[`+at1+`]]`, "0", "1", "2", "3").Args()
	got, attachments, err := AppendEvent(nil, nil, "relayed", Binary("own"), args, []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	if want := placeholdersAt(`["relayed",$0,$1,[$2],$3]`); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff([]string{"own", "3", "1", "last"}, texts(attachments)); diff != "" {
		t.Error(diff)
	}
}

func TestNumberingContinues(t *testing.T) {
	got, attachments, err := AppendEvent([]byte("51-"), [][]byte{[]byte("first")}, "e", struct{ B Binary }{Binary("second")})
	if err != nil || string(got) != placeholdersAt(`51-["e",{"B":$1}]`) || len(attachments) != 2 {
		t.Errorf("%s %q %v", got, attachments, err)
	}
}

func TestAppendRefuses(t *testing.T) {
	cycle := map[string]any{}
	cycle["self"] = cycle
	type node struct {
		Next *node
		Data Binary
	}
	loop := &node{Data: Binary("x")}
	loop.Next = loop
	forged := map[string]any{"_placeholder": true, "num": 0}
	tests := []struct {
		name  string
		event string
		args  []any
		want  error
	}{
		{"a reserved name", "disconnect", nil, ErrReserved},
		{"a channel", "e", []any{make(chan int)}, ErrEncode},
		{"a function in a tree with bytes", "e", []any{[]any{[]byte("x"), func() {}}}, ErrEncode},
		{"not a number", "e", []any{math.NaN()}, ErrEncode},
		{"infinity", "e", []any{float32(math.Inf(-1))}, ErrEncode},
		{"infinity in a tree", "e", []any{[]any{math.Inf(1)}}, ErrEncode},
		{"invalid raw JSON", "e", []any{json.RawMessage(`{"a":1`)}, ErrEncode},
		{"raw JSON that goes on", "e", []any{json.RawMessage(`1,2`)}, ErrEncode},
		{"a map that contains itself", "e", []any{cycle}, ErrEncode},
		{"a struct that contains itself", "e", []any{loop}, ErrEncode},
		{"a foreign placeholder in a tree", "e", []any{[]byte("x"), forged}, ErrAttachments},
		{"a foreign placeholder before", "e", []any{forged, []byte("x")}, ErrAttachments},
		{"a foreign placeholder in raw JSON", "e", []any{json.RawMessage(`{"\u005fplaceholder":true,"num":1}`), []byte("x")}, ErrAttachments},
		{"a foreign placeholder in relayed arguments", "e", []any{decode(t, `3[{"_placeholder":true,"num":0}]`).Args(), []byte("x")}, ErrAttachments},
		{"relayed arguments nobody checked", "e", []any{Args{[]byte(at3), [][]byte{{}}}}, ErrAttachments},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := [][]byte{[]byte("kept")}[:0]
			got, attachments, err := AppendEvent([]byte("x"), before, test.event, test.args...)
			if !errors.Is(err, test.want) {
				t.Errorf("error is %v, want %v", err, test.want)
			}
			if string(got) != "x" || len(attachments) != 0 {
				t.Errorf("something was appended: %.40s %q", got, attachments)
			}
		})
	}
}

// A text message that is not UTF-8 ends the connection of whom it is sent to.
func TestWhatIsEncodedIsUTF8(t *testing.T) {
	j := &JSON{Marshal: func(any) ([]byte, error) { return []byte("\"l\xff\""), nil }}
	args := []any{"a\xc0\xaf", json.RawMessage("\"b\xff\""), careless{}, Binary("\xff")}
	for library, want := range map[*JSON]string{nil: "m\uFFFD", j: "l\uFFFD"} {
		data, attachments, err := library.AppendEvent([]byte("\xff"), nil, "e\xff", args...)
		want = "\xff[\"e\uFFFD\",\"a\uFFFD\uFFFD\",\"b\uFFFD\",\"" + want + "\"," + at0 + "]"
		if err != nil || string(data) != want || texts(attachments)[0] != "\xff" {
			t.Errorf("%q %q, %v, want %q", data, attachments, err, want)
		}
	}
}

// careless writes what is not UTF-8.
type careless struct{}

func (careless) MarshalJSON() ([]byte, error) { return []byte("\"m\xff\""), nil }

// A string that was read off the wire must stay a string, whatever is in it.
func TestStringsCannotForgeAttachments(t *testing.T) {
	hostile := []string{`{"_placeholder":true,"num":0}`, `"{\"_placeholder\":true}`, `_placeholder`, "\\u0062", strings.Repeat("A", 36)}
	for _, s := range hostile {
		arg := struct {
			Text string
			Raw  json.RawMessage
			Data Binary
		}{s, json.RawMessage(jsonstring.Append(nil, s)), Binary("x")}
		text, attachments, err := AppendEvent(nil, nil, "e", arg)
		if err != nil || len(attachments) != 1 {
			t.Fatalf("%q: %q, %v", s, attachments, err)
		}
		back := arg
		p := Packet{Type: Event, Data: text, Attachments: attachments}
		if err := p.Args().Scan(&back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(arg, back); diff != "" {
			t.Error(diff)
		}
	}
}

// A value may be encoded while somebody else works on what JSON does not see of
// it (with -race).
func TestEncodeLeavesPrivateFieldsAlone(t *testing.T) {
	a := &album{Cover: Binary("c")}
	var wait sync.WaitGroup
	wait.Go(func() {
		for range 100 {
			a.mu.Lock()
			a.private = append(a.private, 'x')
			a.mu.Unlock()
		}
	})
	for range 100 {
		if _, _, err := AppendArgs(nil, nil, a); err != nil {
			t.Error(err)
		}
	}
	wait.Wait()
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	var dst []byte
	var attachments [][]byte
	args := []any{"text", 1, 2.5, true, nil, json.RawMessage(`{"a":1}`), Binary("x"), decode(t, `3["a",1]`).Args()}
	encode := func() {
		var err error
		if dst, attachments, err = AppendEvent(dst[:0], attachments[:0], "event", args...); err != nil {
			t.Fatal(err)
		}
	}
	encode()
	if n := testing.AllocsPerRun(100, encode); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAppendHeader(t *testing.T) {
	tests := []struct {
		t           Type
		attachments int
		namespace   string
		hasID       bool
		want        string
	}{
		{Connect, 0, "/", false, "0"},
		{Connect, 1, "/a", false, "0/a,"},
		{Event, 0, "", true, "27"},
		{Event, 2, "/a", true, "52-/a,7"},
		{Ack, 1, "/", true, "61-7"},
		{BinaryEvent, 0, "/", false, "50-"},
		{BinaryAck, 3, "/", false, "63-"},
	}
	for _, test := range tests {
		got := AppendHeader(nil, test.t, test.attachments, test.namespace, 7, test.hasID)
		if string(got) != test.want {
			t.Errorf("%v: %s, want %s", test.t, got, test.want)
		}
	}
	if s := Type(9).String(); s != "type 9" {
		t.Error(s)
	}
}
