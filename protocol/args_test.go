package protocol

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEventSplits(t *testing.T) {
	tests := []struct {
		data, name string
		args       []string
	}{
		{`["a"]`, "a", nil},
		{` ["a"]`, "", nil}, // never decoded: a payload has no space around it
		{`[ "a" ]`, "a", nil},
		{`["a",1]`, "a", []string{"1"}},
		{`[ "a" , 1 , [ 2 , "]" ] ,{"}":"\""}]`, "a", []string{"1", `[ 2 , "]" ]`, `{"}":"\""}`}},
		{`["a\u0062\n\"",null]`, "ab\n\"", []string{"null"}},
		{`[1e3,"x"]`, "1e3", []string{`"x"`}},
		{`[-1]`, "-1", nil},
		{`[""]`, "", nil},

		// Not from a decoder: nothing to be right about, but no panic.
		{``, "", nil}, {`[`, "", nil}, {`[]`, "", nil}, {`[,]`, "", nil}, {`["a]`, "", nil},
		{`["a"x]`, "a", nil}, {`[true,1]`, "", nil}, {`["a",1,`, "", nil}, {`["a",1 2]`, "a", []string{"1"}},
	}
	for _, test := range tests {
		t.Run(test.data, func(t *testing.T) {
			p := Packet{Type: Event, Data: []byte(test.data)}
			name, args := p.Event()
			if name != test.name {
				t.Errorf("name is %q, want %q", name, test.name)
			}
			if diff := cmp.Diff(test.args, raws(args)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func raws(args Args) []string {
	var all []string
	for i := range args.Len() {
		all = append(all, string(args.Raw(i)))
	}
	return all
}

func TestArgsOfOtherPackets(t *testing.T) {
	ack := decode(t, `31[ "a" , 2 ]`)
	if diff := cmp.Diff([]string{`"a"`, "2"}, raws(ack.Args())); diff != "" {
		t.Error(diff)
	}
	if name, _ := ack.Event(); name != "" || ack.EventName() != nil {
		t.Errorf("an ack has the name %q", name)
	}
	for _, text := range []string{`3[]`, `3[ ]`, `0{"a":1}`, `4"no"`, `1`} {
		if args := decode(t, text).Args(); args.Len() != 0 || args.Raw(0) != nil {
			t.Errorf("%s has arguments", text)
		}
	}
	args := decode(t, `31[1]`).Args()
	if args.Raw(-1) != nil || args.Raw(1) != nil {
		t.Error("arguments that are not there have a text")
	}
}

type picture struct {
	Name   string   `json:"name"`
	Data   Binary   `json:"data"`
	Plain  []byte   `json:"plain"`
	Frames []Binary `json:"frames"`
	Extra  any      `json:"extra"`
}

const (
	at0 = `{"_placeholder":true,"num":0}`
	at1 = `{"num": 1, "_placeholder": true}`
	at2 = `{"_placeholder":true,"num":2}`
	at3 = `{"_placeholder":true,"num":3}`
)

func TestScan(t *testing.T) {
	var (
		text  string
		n     int
		raw   json.RawMessage
		b     []byte
		bin   Binary
		any1  any
		m     map[string]any
		s     []any
		pic   picture
		named struct{ A, B Binary }
		ptr   *picture
		bins  map[string]Binary
	)
	tests := []struct {
		name, packet string
		attachments  []string
		dest, want   any
	}{
		{"string", `3["a"]`, nil, &text, "a"},
		{"string beyond ASCII", `3["é\u2028"]`, nil, &text, "é\u2028"},
		{"string with escapes", `3["a\n\u0062"]`, nil, &text, "a\nb"},
		{"string that is not UTF-8", "3[\"a\xff\"]", nil, &text, "a\uFFFD"},
		{"number", `3[ 12 ]`, nil, &n, 12},
		{"raw", `3[ {"a": 1} ,2]`, nil, &raw, json.RawMessage(`{"a": 1}`)},
		{"raw null", `3[null]`, nil, &raw, json.RawMessage(`null`)},
		{"raw attachment", `61-[` + at0 + `]`, []string{"x"}, &raw, json.RawMessage(at0)},
		{"bytes", `61-[` + at0 + `]`, []string{"x"}, &b, []byte("x")},
		{"bytes, loosely written", `62-[` + at1 + `]`, []string{"x", "y"}, &b, []byte("y")},
		{"bytes in base64", `3["aGk="]`, nil, &b, []byte("hi")},
		{"bytes in base64 beside an attachment", `61-["aGk=",` + at0 + `]`, []string{"x"}, &b, []byte("hi")},
		{"bytes from null", `61-[null]`, []string{"x"}, &b, []byte(nil)},
		{"binary", `61-[` + at0 + `]`, []string{"x"}, &bin, Binary("x")},
		{"binary in base64", `3["aGk="]`, nil, &bin, Binary("hi")},
		{"binary from null", `3[null]`, nil, &bin, Binary(nil)},
		{"empty binary", `61-[` + at0 + `]`, []string{""}, &bin, Binary{}},
		{"any attachment", `61-[` + at0 + `]`, []string{"x"}, &any1, []byte("x")},
		{"any with attachments inside", `62-[{"a":[` + at0 + `,1],"b":` + at1 + `}]`, []string{"x", "y"}, &any1,
			map[string]any{"a": []any{[]byte("x"), 1.0}, "b": []byte("y")}},
		{"any that only looks like it", `3[` + at0 + `]`, nil, &any1, map[string]any{"_placeholder": true, "num": 0.0}},
		{"map with attachments", `61-[{"a":` + at0 + `}]`, []string{"x"}, &m, map[string]any{"a": []byte("x")}},
		{"slice with attachments", `61-[["a",` + at0 + `]]`, []string{"x"}, &s, []any{"a", []byte("x")}},
		{"struct", `64-[{"name":"n","data":` + at0 + `,"plain":` + at1 + `,"frames":[` + at2 + `,null],"extra":` + at3 + `}]`,
			[]string{"0", "1", "2", "3"}, &pic,
			picture{Name: "n", Data: Binary("0"), Plain: []byte("1"), Frames: []Binary{Binary("2"), nil}, Extra: "Mw=="}},
		{"struct without attachments", `3[{"data":"aGk="}]`, nil, &pic, picture{Data: Binary("hi")}},
		{"struct from an argument without any", `61-[{"name":"n"}]`, []string{"x"}, &pic, picture{Name: "n"}},
		{"attachments in another order", `62-[{"A":` + at1 + `,"B":` + at0 + `}]`, []string{"x", "y"}, &named, struct{ A, B Binary }{Binary("y"), Binary("x")}},
		{"pointer", `61-[{"data":` + at0 + `}]`, []string{"x"}, &ptr, &picture{Data: Binary("x")}},
		{"map of binaries", `61-[{"a":` + at0 + `}]`, []string{"x"}, &bins, map[string]Binary{"a": Binary("x")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pic, ptr, bins, m = picture{}, nil, nil, nil
			if err := decode(t, test.packet, test.attachments...).Args().Scan(test.dest); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, deref(test.dest)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestScanSharesAttachments(t *testing.T) {
	p := decode(t, `61-[`+at0+`]`, "x")
	var a Binary
	if err := p.Args().Scan(&a); err != nil || &a[0] != &p.Attachments[0][0] {
		t.Errorf("the attachment was copied (error %v)", err)
	}
	if got := p.Args().Attachments(); len(got) != 1 {
		t.Errorf("attachments are %v", got)
	}
}

func TestScanCounts(t *testing.T) {
	args := decode(t, `2["e",1,2]`).Args()
	a, b, c := 0, 0, 7
	if err := args.Scan(&a); err != nil || a != 1 {
		t.Error(a, err)
	}
	if err := args.Scan(&a, &b, &c); err != nil || a != 1 || b != 2 || c != 7 {
		t.Error(a, b, c, err)
	}
	if err := (Args{}).Scan(&c); err != nil || c != 7 {
		t.Error(c, err)
	}
}

func TestScanErrors(t *testing.T) {
	var n int
	var s string
	var m map[string]any
	var l []any
	tests := []struct {
		name  string
		args  Args
		index int
		dest  []any
	}{
		{"the wrong type", decode(t, `3[1,"x"]`).Args(), 1, []any{&n, &n}},
		{"an attachment for a string", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{new(int)}},
		{"an attachment for a map", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{&m}},
		{"an attachment for a slice", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{&l}},
		{"not base64", decode(t, `3["?"]`).Args(), 0, []any{new(Binary)}},
		{"no pointer", decode(t, `3["x"]`).Args(), 0, []any{s}},
		{"nothing", decode(t, `3["x"]`).Args(), 0, []any{nil}},
		{"a nil string", decode(t, `3["x"]`).Args(), 0, []any{(*string)(nil)}},
		{"a nil message", decode(t, `3["x"]`).Args(), 0, []any{(*json.RawMessage)(nil)}},
		{"nil bytes", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{(*[]byte)(nil)}},
		{"a nil binary", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{(*Binary)(nil)}},
		{"a nil any", decode(t, `61-[`+at0+`]`, "x").Args(), 0, []any{(*any)(nil)}},
		{"a nil map", decode(t, `61-[{}]`, "x").Args(), 0, []any{(*map[string]any)(nil)}},
		{"a nil slice", decode(t, `61-[[]]`, "x").Args(), 0, []any{(*[]any)(nil)}},
		{"a placeholder nobody checked", Args{[]byte(`[` + at3 + `]`), [][]byte{{}}}, 0, []any{new([1]Binary)}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.args.Scan(test.dest...)
			var scan *ScanError
			if !errors.As(err, &scan) || scan.Index != test.index || scan.Unwrap() == nil || scan.Error() == "" {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestReservedNames(t *testing.T) {
	for _, name := range []string{"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"} {
		if !Reserved(name) {
			t.Errorf("%s is not reserved", name)
		}
	}
	for _, name := range []string{"", "Connect", "message", "error", "reconnect"} {
		if Reserved(name) {
			t.Errorf("%s is reserved", name)
		}
	}
}
