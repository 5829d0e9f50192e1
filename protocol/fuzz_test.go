package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzJSON compares the scanner with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		``, ` `, `null`, `true`, `false`, `nul`, `tru`, `-`, `-0`, `00`, `01`, `1.`, `.5`, `1e`, `1e+`, `1E-02`, `1.5e10`,
		`""`, `"`, `"\`, `"\u`, `"\u12`, `"\u12G4"`, `"\ud800"`, `"\x"`, "\"\x00\"", "\"\x7f\xff\"", `"0123456789\n0123456789"`,
		`[]`, `[`, `]`, `[1,]`, `[,1]`, `[1 2]`, `[[]`, `[1]]`, ` [ 1 , 2 ] `, `{}`, `{`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`,
		`{"a":{"b":[{},[],{"c":null}]}}`, `[}`, `{]`, `{"a":[1}]`, "\ufeff[]", `[1]x`, `["012345",6]`,
		strings.Repeat("[", 70) + strings.Repeat("]", 70), strings.Repeat(`{"a":`, 70) + `1` + strings.Repeat("}", 70),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		data, err := document(b, maxDepth)
		if errors.Is(err, ErrTooDeep) {
			return
		}
		if got, want := err == nil, json.Valid(b); got != want {
			t.Fatalf("%q is valid: %v, want %v (%v)", b, got, want, err)
		}
		if err == nil && !bytes.Equal(data, bytes.Trim(b, " \t\r\n")) {
			t.Fatalf("the document in %q is %q", b, data)
		}
	})
}

// FuzzText compares the decoder with what the specification says, spelt out with
// encoding/json, and has what it accepts come back from the encoder unchanged.
func FuzzText(f *testing.F) {
	golden, err := os.ReadFile("testdata/v5.trace")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		f.Add([]byte(strings.TrimSuffix(line, "\n")))
	}
	for _, s := range []string{
		`2/,["a"]`, `2 ["a"]`, `3[]`, `2["\u0063onnect"]`, `218446744073709551616["a"]`, `20007[1]`, `50-["a"]`,
		`51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, `51-/a,7["a",{"num":0,"_placeholder":true}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Decoder
		p, done, err := d.Text(b)
		if err != nil {
			return
		}
		for !done {
			if p, done, err = d.Binary([]byte("x")); err != nil {
				t.Fatal(err)
			}
		}
		checkPacket(t, p)
		if name, args := p.Event(); p.Type == Event && args.Len() != elements(t, p.Data)-1 {
			t.Fatalf("%q: %q has %d arguments", b, name, args.Len())
		}
		if args := p.Args(); p.Type == Ack && args.Len() != elements(t, p.Data) {
			t.Fatalf("%q has %d arguments", b, args.Len())
		}
		again := decode(t, string(p.AppendText(nil)), texts(p.Attachments)...)
		if diff := cmp.Diff(p, *again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q came back another: %s", b, diff)
		}
	})
}

// checkPacket checks that a packet is what the specification allows.
func checkPacket(t *testing.T, p Packet) {
	t.Helper()
	var v any
	if p.Data != nil {
		numbers := json.NewDecoder(bytes.NewReader(p.Data))
		numbers.UseNumber() // some are larger than a float64, which JavaScript reads as Infinity
		if err := numbers.Decode(&v); err != nil {
			t.Fatalf("%q: %v", p.Data, err)
		}
	}
	ok := p.Namespace != "" && p.Namespace[0] == '/' && !strings.Contains(p.Namespace, ",")
	switch v := v.(type) {
	case nil:
		ok = ok && p.Data == nil && (p.Type == Connect || p.Type == Disconnect)
	case map[string]any:
		ok = ok && (p.Type == Connect || p.Type == ConnectError)
	case string:
		ok = ok && p.Type == ConnectError
	case []any:
		ok = ok && (p.Type == Ack || p.Type == Event && len(v) > 0 && validName(v[0]))
	default:
		ok = false
	}
	if !ok {
		t.Fatalf("the packet %+v is accepted", p)
	}
}

func validName(v any) bool {
	switch v := v.(type) {
	case string:
		return !Reserved(v)
	case json.Number:
		return true
	}
	return false
}

func elements(t *testing.T, data []byte) int {
	t.Helper()
	var all []json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// FuzzDecoder feeds a decoder a whole connection, in the notation of the tests.
func FuzzDecoder(f *testing.F) {
	golden, err := os.ReadFile("testdata/v5.trace")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(golden))
	f.Add("0\n51-[\"a\"]\n+ x\n2[\"b\"]\n52-[\"c\"]\n+ y\n2[\"d\"]\n+ z")
	f.Add("50-[\"a\"]\n+ x\n63-1[]\n+ \n+ \n+ \n1")
	f.Fuzz(func(t *testing.T, trace string) {
		d := Decoder{Limits: &Limits{Bytes: 200}}
		awaited, size := 0, 0 // of the pending packet
		for _, m := range messages(trace) {
			take := d.Text
			if m.binary {
				take = d.Binary
			}
			p, done, err := take([]byte(m.data))
			if m.binary == (awaited == 0) && err == nil {
				t.Fatalf("%+v is accepted while %d attachments are awaited", m, awaited)
			}
			if size += len(m.data); size > 200 && err == nil {
				t.Fatal("a packet is larger than the limit")
			}
			switch {
			case err != nil || done:
				if err == nil {
					checkPacket(t, p)
				}
				awaited, size = 0, 0
			case m.binary:
				awaited--
			default:
				awaited = 0
				if d.pending != nil {
					awaited = d.pending.want
				}
			}
			if (awaited == 0) != (d.pending == nil) || awaited < 0 {
				t.Fatalf("%d attachments are awaited, the decoder has %+v", awaited, d)
			}
		}
	})
}

// FuzzArgsScan scans arguments into all kinds of variables, and compares with
// encoding/json where no attachments are involved.
func FuzzArgsScan(f *testing.F) {
	for _, s := range []string{
		`"a"`, `"a\n\u0062\ud800"`, `"aGk="`, `1`, `-1e3`, `null`, `true`, `[1,2]`, `{}`, at0, `[` + at0 + `,` + at1 + `]`,
		`{"name":"n","data":` + at0 + `,"extra":[` + at1 + `]}`, `{"data":"aGk=","frames":[null]}`, `1,"b"`,
	} {
		f.Add([]byte(s), []byte("bytes"))
	}
	f.Fuzz(func(t *testing.T, text, attachment []byte) {
		// Of any text there may be no panic.
		bad := Args{text, [][]byte{attachment}}
		for i := range bad.Len() {
			bad.Raw(i)
		}
		_ = bad.Scan(dests()...)

		var d Decoder
		p, done, err := d.Text([]byte(`3[` + string(text) + `]`))
		if err != nil || !done {
			return
		}
		raw := p.Args().Raw(0)
		if raw == nil {
			return
		}
		for i, dest := range dests() {
			want := dests()[i]
			errGot, errWant := p.Args().Scan(dest), json.Unmarshal(raw, want)
			if (errGot == nil) != (errWant == nil) {
				t.Fatalf("scanning %q into %T: %v, want %v", raw, dest, errGot, errWant)
			}
			if diff := cmp.Diff(deref(want), deref(dest)); errGot == nil && diff != "" {
				t.Fatalf("scanning %q into %T: %s", raw, dest, diff)
			}
		}
		scanAttachments(t, text, attachment)
	})
}

func dests() []any {
	return []any{
		new(string), new([]byte), new(Binary), new(json.RawMessage), new(any), new(map[string]any), new([]any),
		new(int), new(int64), new(float64), new(bool), new(time.Time), new(*time.Time), new(json.Number), new(picture), new(*picture), new([]Binary),
	}
}

// FuzzScalar compares what is decoded without a library with encoding/json, in
// variables that have a value already.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{
		`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"\u00e9\uD83D\ude00\ud800\ud83d\ude00\udc00\ud800\u0041\ud800"`, "\"\xff\\n\xed\xa0\x80\"",
		`0`, `-0`, `-0.0`, `1e3`, `1.0`, `9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `1e308`, `1e309`, `-1e-400`,
		`0.1234567890123456789012345678901234567890`, `true`, `false`, `null`, `[]`, `{}`, `{"_placeholder":true,"num":0}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text, err := document(text, maxDepth)
		if err != nil {
			return
		}
		filled := func() []any {
			s, i, l, n, b := "was", 7, int64(7), 7.5, true
			return []any{&s, &i, &l, &n, &b}
		}
		want := filled()
		for i, dest := range filled() {
			errGot, errWant := Args{text: text}.Scan(dest), json.Unmarshal(text, want[i])
			if diff := cmp.Diff(deref(want[i]), deref(dest)); diff != "" || (errGot == nil) != (errWant == nil) {
				t.Fatalf("scanning %q into %T: %v, want %v, %s", text, dest, errGot, errWant, diff)
			}
		}
	})
}

// scanAttachments scans the same text as part of a packet with attachments, and
// relays it.
func scanAttachments(t *testing.T, text, attachment []byte) {
	t.Helper()
	var d Decoder
	if _, _, err := d.Text([]byte(`62-[` + string(text) + `]`)); err != nil {
		return
	}
	_, _, _ = d.Binary(attachment)
	p, done, err := d.Binary(attachment)
	if err != nil || !done {
		return
	}
	for _, dest := range dests() {
		_ = p.Args().Scan(dest)
	}
	data, attachments, err := AppendArgs(nil, nil, []byte("own"), p.Args())
	if err != nil {
		t.Fatalf("relaying %q: %v", p.Data, err)
	}
	var before, after any
	if p.Args().Scan(&before) != nil {
		return
	}
	relayed := Packet{Type: Ack, Data: data, Attachments: attachments}
	if err := relayed.Args().Scan(new(any), &after); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("relaying %q: %s", p.Data, diff)
	}
}
