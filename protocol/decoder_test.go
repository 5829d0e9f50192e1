package protocol

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// message is one message of a connection: text, or binary.
type message struct {
	binary bool
	data   string
}

// messages reads the notation of the tests: a line is a text message, or after
// "+ " a binary one.
func messages(trace string) []message {
	var all []message
	for line := range strings.Lines(trace) {
		line = strings.TrimSuffix(line, "\n")
		data, binary := strings.CutPrefix(line, "+ ")
		all = append(all, message{binary, data})
	}
	return all
}

// feed gives messages to d until one is refused, and returns the packets.
func feed(d *Decoder, all []message) ([]Packet, error) {
	var packets []Packet
	for _, m := range all {
		take := d.Text
		if m.binary {
			take = d.Binary
		}
		p, done, err := take([]byte(m.data))
		if err != nil {
			return packets, err
		}
		if done {
			packets = append(packets, p)
		}
	}
	return packets, nil
}

func TestDecoderAccepts(t *testing.T) {
	tests := []struct {
		name, trace string
		want        []Packet
	}{
		{"connect", `0`, []Packet{{Type: Connect, Namespace: "/"}}},
		{"connect to a namespace that ends the text", `0/chat`, []Packet{{Type: Connect, Namespace: "/chat"}}},
		{"connect with a query in the namespace", `0/chat?token=1,`, []Packet{{Type: Connect, Namespace: "/chat?token=1"}}},
		{"connect with credentials", `0{"token":"1"}`, []Packet{{Type: Connect, Namespace: "/", Data: []byte(`{"token":"1"}`)}}},
		{"disconnect", `1/chat,`, []Packet{{Type: Disconnect, Namespace: "/chat"}}},
		{"event in the main namespace spelt out", `2/,["a"]`, []Packet{{Type: Event, Namespace: "/", Data: []byte(`["a"]`)}}},
		{"event named by a number", `2[1]`, []Packet{{Type: Event, Namespace: "/", Data: []byte(`[1]`)}}},
		{"event named by the empty string", `2[""]`, []Packet{{Type: Event, Namespace: "/", Data: []byte(`[""]`)}}},
		{"event with the largest id", `218446744073709551615["a"]`, []Packet{{Type: Event, Namespace: "/", ID: 1<<64 - 1, HasID: true, Data: []byte(`["a"]`)}}},
		{"event with a slash after the type digit only", `2["a/b,c"]`, []Packet{{Type: Event, Namespace: "/", Data: []byte(`["a/b,c"]`)}}},
		{"white space around the payload", "2 [ \"a\" ]\t\r", []Packet{{Type: Event, Namespace: "/", Data: []byte(`[ "a" ]`)}}},
		{"ack", `30[]`, []Packet{{Type: Ack, Namespace: "/", HasID: true, Data: []byte(`[]`)}}},
		{"ack without an id, as Node does", `3[]`, []Packet{{Type: Ack, Namespace: "/", Data: []byte(`[]`)}}},
		{"connect error as a string", `4/a,"no"`, []Packet{{Type: ConnectError, Namespace: "/a", Data: []byte(`"no"`)}}},
		{"text that looks like a placeholder", `2["a",{"_placeholder":true,"num":7}]`,
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a",{"_placeholder":true,"num":7}]`)}}},
		{"no attachments announced", "50-[\"a\"]\n2[\"b\"]",
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a"]`)}, {Type: Event, Namespace: "/", Data: []byte(`["b"]`)}}},
		{"an attachment nothing refers to", "51-[\"a\"]\n+ x",
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a"]`), Attachments: [][]byte{[]byte("x")}}}},
		{"an empty attachment", "61-7[{\"num\":0,\"_placeholder\":true}]\n+ ",
			[]Packet{{Type: Ack, Namespace: "/", ID: 7, HasID: true, Data: []byte(`[{"num":0,"_placeholder":true}]`), Attachments: [][]byte{{}}}}},
		{"ten attachments", "510-[\"a\"]" + strings.Repeat("\n+ x", 10),
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a"]`), Attachments: [][]byte{
				[]byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x"), []byte("x")}}}},
		{"keys that are nearly those of a placeholder", "51-[\"a\",{\"_placeholde\":true},{\"_placeholder_\":true},{\"\\u015fplaceholder\":true},{\"\\n\":true},{\"\":true}]\n+ x",
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a",{"_placeholde":true},{"_placeholder_":true},{"\u015fplaceholder":true},{"\n":true},{"":true}]`), Attachments: [][]byte{[]byte("x")}}}},
		{"an object that is not a placeholder", "51-[\"a\",{\"_placeholder\":false,\"num\":9},{\"_placeholder\":\"true\"}]\n+ x",
			[]Packet{{Type: Event, Namespace: "/", Data: []byte(`["a",{"_placeholder":false,"num":9},{"_placeholder":"true"}]`), Attachments: [][]byte{[]byte("x")}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := feed(new(Decoder), messages(test.trace))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecoderRefuses(t *testing.T) {
	tests := []struct {
		name, trace string
		want        error
	}{
		{"nothing", "\n", ErrSyntax},
		{"an unknown type", `7["a"]`, ErrType},
		{"no digit at all", `abc`, ErrType},
		{"a character before the digits", `/`, ErrType},
		{"an id beyond 64 bits", `218446744073709551616["a"]`, ErrSyntax},
		{"an endless id", `2` + strings.Repeat("9", 1000) + `["a"]`, ErrSyntax},
		{"garbage for a payload", `2abc["a"]`, ErrSyntax},
		{"truncated JSON", `2/admin,"invalid`, ErrSyntax},
		{"two documents", `2["a"]["b"]`, ErrSyntax},
		{"trailing digits", `442["some","data"`, ErrSyntax},
		{"a namespace that is too long", `0/` + strings.Repeat("n", 512), ErrNamespace},

		{"connect with a string", `0/admin,"invalid"`, ErrPayload},
		{"connect with an array", `0[]`, ErrPayload},
		{"connect with null", `0null`, ErrPayload},
		{"disconnect with a payload", `1/admin,{}`, ErrPayload},
		{"event without a payload", `2`, ErrPayload},
		{"event with an object", `2/admin,{}`, ErrPayload},
		{"event with an empty array", `2[]`, ErrPayload},
		{"event with an empty array and space", `2[ ]`, ErrPayload},
		{"event named by an object", `2[{"toString":"foo"}]`, ErrPayload},
		{"event named by a boolean", `2[true,"foo"]`, ErrPayload},
		{"event named by null", `2[null,"bar"]`, ErrPayload},
		{"event named by an attachment", `51-[{"_placeholder":true,"num":0}]`, ErrPayload},
		{"ack without a payload", `31`, ErrPayload},
		{"ack with an object", `31{}`, ErrPayload},
		{"connect error without a payload", `4`, ErrPayload},
		{"connect error with an array", `4[]`, ErrPayload},
		{"connect error with a number after a space", `4 5`, ErrPayload},

		{"a reserved name", `2["connect"]`, ErrReserved},
		{"a reserved name and an argument", `2["disconnect","123"]`, ErrReserved},
		{"a reserved name with an escape", `2["\u0063onnect_error"]`, ErrReserved},
		{"a reserved name of Node's", `51-["newListener"]`, ErrReserved},

		{"no count of attachments", `5`, ErrAttachments},
		{"a count without a dash", `51`, ErrAttachments},
		{"a dash without a count", `5-["a"]`, ErrAttachments},
		{"a count that is no number", `5a-["a"]`, ErrAttachments},
		{"a count that is no integer", `51.23-["a"]`, ErrAttachments},
		{"a negative count", `5-1-["a"]`, ErrAttachments},
		{"a count beyond 64 bits", `599999999999999999999-["a"]`, ErrAttachments},
		{"too many attachments", `511-["a"]`, ErrTooManyAttachments},
		{"far too many attachments", `61000000000-["a"]`, ErrTooManyAttachments},

		{"a placeholder out of range", `51-["a",{"_placeholder":true,"num":1}]`, ErrAttachments},
		{"a placeholder where none is announced", `50-["a",{"_placeholder":true,"num":0}]`, ErrAttachments},
		{"a placeholder with a negative number", `51-["a",{"_placeholder":true,"num":-1}]`, ErrAttachments},
		{"a placeholder with a negative zero", `51-["a",{"_placeholder":true,"num":-0}]`, ErrAttachments},
		{"a placeholder with a fraction", `51-["a",{"_placeholder":true,"num":0.5}]`, ErrAttachments},
		{"a placeholder with a huge number", `51-["a",{"_placeholder":true,"num":99999999999999999999}]`, ErrAttachments},
		{"a placeholder with a string", `51-["a",{"_placeholder":true,"num":"splice"}]`, ErrAttachments},
		{"a placeholder without a number", `51-["a",{"_placeholder":true}]`, ErrAttachments},
		{"a placeholder with more members", `51-["a",{"_placeholder":true,"num":0,"x":1}]`, ErrAttachments},
		{"a placeholder after other members", `51-["a",{"x":{},"_placeholder":true,"num":0}]`, ErrAttachments},
		{"a placeholder in a placeholder", `51-["a",{"_placeholder":true,"num":{"_placeholder":true,"num":0}}]`, ErrAttachments},
		{"a placeholder twice over", `51-["a",{"_placeholder":true,"_placeholder":true}]`, ErrAttachments},
		{"a placeholder with escapes", `51-["a",{"\u005fplaceholder":true,"num":1}]`, ErrAttachments},
		{"a placeholder with other escapes", `51-["a",{"_place\u0068older" : true, "\u006E\u0075m":1}]`, ErrAttachments},
		{"an attachment named twice", `51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]`, ErrAttachments},

		{"a binary message out of the blue", "+ x", ErrUnexpectedBinary},
		{"a binary message after the last one", "51-[\"a\"]\n+ x\n+ y", ErrUnexpectedBinary},
		{"a binary message after no attachments", "50-[\"a\"]\n+ x", ErrUnexpectedBinary},
		{"text while attachments are awaited", "52-[\"a\"]\n+ x\n2[\"b\"]", ErrUnexpectedText},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := feed(new(Decoder), messages(test.trace))
			if !errors.Is(err, test.want) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if len(err.Error()) > 120 {
				t.Errorf("the error is long: %v", err)
			}
		})
	}
}

func TestDecoderLimits(t *testing.T) {
	tests := []struct {
		name   string
		limits Limits
		trace  string
		want   error
	}{
		{"default depth", Limits{}, `2["a",` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `]`, nil},
		{"beyond the default depth", Limits{}, `2["a",` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `]`, ErrTooDeep},
		{"objects beyond the default depth", Limits{}, `2["a"` + strings.Repeat(`,{"a":[1`, 64), ErrTooDeep},
		{"shallow", Limits{Depth: 1}, `2["a",1]`, nil},
		{"too deep for shallow", Limits{Depth: 1}, `2["a",{}]`, ErrTooDeep},
		{"the greatest depth", Limits{Depth: 1e6}, `2["a",` + strings.Repeat("[", 1023) + strings.Repeat("]", 1023) + `]`, nil},
		{"beyond the greatest depth", Limits{Depth: 1e6}, `2["a",` + strings.Repeat("[", 1024) + strings.Repeat("]", 1024) + `]`, ErrTooDeep},
		{"default namespace", Limits{}, `0/` + strings.Repeat("n", 511), nil},
		{"namespace", Limits{Namespace: 5}, `0/chat,`, nil},
		{"too long a namespace", Limits{Namespace: 4}, `0/chat,`, ErrNamespace},
		{"text", Limits{Bytes: 7}, `2["ab"]`, nil},
		{"too much text", Limits{Bytes: 6}, `2["ab"]`, ErrTooLarge},
		{"default text", Limits{}, `2["` + strings.Repeat("x", 1e6-5) + `"]`, nil},
		{"more than the default text", Limits{}, `2["` + strings.Repeat("x", 1e6-4) + `"]`, ErrTooLarge},
		{"attachments", Limits{Bytes: 12}, "52-[\"a\"]\n+ 12\n+ 34", nil},
		{"attachments too large together", Limits{Bytes: 11}, "52-[\"a\"]\n+ 12\n+ 34", ErrTooLarge},
		{"many attachments", Limits{Attachments: 100}, "550-[\"a\",{\"_placeholder\":true,\"num\":49}]" + strings.Repeat("\n+ x", 50), nil},
		{"no attachments", Limits{Attachments: -1}, `51-["a"]`, ErrTooManyAttachments},
		{"no attachments and none announced", Limits{Attachments: -1}, `50-["a"]`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			packets, err := feed(&Decoder{Limits: &test.limits}, messages(test.trace))
			if !errors.Is(err, test.want) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if err == nil && len(packets) != 1 {
				t.Errorf("%d packets", len(packets))
			}
		})
	}
}

// After a refusal nothing of the refused packet may be left.
func TestDecoderStartsAfresh(t *testing.T) {
	for _, trace := range []string{"51-[\"a\"]\n2[\"b\"]", "51-[\"a\"]\n+ " + strings.Repeat("x", 100), "7", "+ x"} {
		d := Decoder{Limits: &Limits{Bytes: 64}}
		if _, err := feed(&d, messages(trace)); err == nil {
			t.Fatalf("%.40q is accepted", trace)
		}
		got, err := feed(&d, messages("2[\"c\"]\n51-[\"d\"]\n+ y"))
		if err != nil || len(got) != 2 || len(got[1].Attachments) != 1 {
			t.Errorf("after %.40q: %v, %v", trace, got, err)
		}
	}
}

func TestDecoderBorrowsAndCopies(t *testing.T) {
	var d Decoder
	text := []byte(`2/chat,["a"]`)
	p, _, err := d.Text(text)
	if err != nil {
		t.Fatal(err)
	}
	kept := p.Clone()
	copy(text, `XXXXXXXXXXXX`)
	if string(p.Data) != `XXXXX` {
		t.Error("a packet that is complete does not borrow its text")
	}
	if string(kept.Data) != `["a"]` || kept.Namespace != "/chat" {
		t.Errorf("the clone changed: %q %q", kept.Namespace, kept.Data)
	}

	text, attachment := []byte(`51-/chat,["a"]`), []byte("bytes")
	if _, _, err = d.Text(text); err != nil {
		t.Fatal(err)
	}
	clear(text)
	p, _, err = d.Binary(attachment)
	if err != nil {
		t.Fatal(err)
	}
	clear(attachment)
	want := Packet{Type: Event, Namespace: "/chat", Data: []byte(`["a"]`), Attachments: [][]byte{[]byte("bytes")}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

func TestDecoderDoesNotAllocate(t *testing.T) {
	var d Decoder
	for _, text := range []string{event160, `2/chat,17["a",1]`, `3/chat,17[1,"\u00e9",[{}]]`, `0`, `1/chat,`} {
		in := []byte(text)
		if _, done, err := d.Text(in); !done || err != nil {
			t.Fatal(done, err)
		}
		n := testing.AllocsPerRun(100, func() {
			p, _, _ := d.Text(in)
			p.EventName()
			p.Args().Len()
		})
		if n != 0 {
			t.Errorf("%.20q: %v allocations", text, n)
		}
	}
}

// The golden trace holds the examples of the specification (Socket.IO protocol
// v5, packet encoding), each followed by what it says: "# type namespace [id] data".
func TestGoldenTrace(t *testing.T) {
	golden, err := os.ReadFile("testdata/v5.trace")
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	var trace strings.Builder
	n := 0
	for line := range strings.Lines(string(golden)) {
		comment, is := strings.CutPrefix(line, "# ")
		if !is {
			trace.WriteString(line)
			continue
		}
		packets, err := feed(&d, messages(trace.String()))
		if err != nil || len(packets) != 1 {
			t.Fatalf("%s: %v, %v", trace.String(), packets, err)
		}
		if got, want := describe(packets[0]), strings.TrimSuffix(comment, "\n"); got != want {
			t.Errorf("decoded:\n got %s\nwant %s", got, want)
		}
		if got := encode(packets[0]); got != trace.String() {
			t.Errorf("encoded:\n got %s\nwant %s", got, trace.String())
		}
		trace.Reset()
		n++
	}
	if n < 15 {
		t.Errorf("only %d packets in the trace", n)
	}
}
