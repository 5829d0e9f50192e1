package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var errLibrary = errors.New("the library's error")

// counting is encoding/json, and counts what it is asked for.
func counting() (j *JSON, encoded, decoded *int) {
	encoded, decoded = new(int), new(int)
	return &JSON{
		Marshal: func(v any) ([]byte, error) {
			*encoded++
			return json.Marshal(v)
		},
		Unmarshal: func(data []byte, v any) error {
			*decoded++
			return json.Unmarshal(data, v)
		},
	}, encoded, decoded
}

func TestLibraryEncodes(t *testing.T) {
	j, encoded, _ := counting()
	type file struct {
		Name string
		Data Binary
	}
	args := []any{
		"a", 1, 2.5, true, nil, []byte("b"), json.RawMessage("[ ]"), decode(t, `3["r"]`).Args(),
		file{"<", Binary("c")}, map[string]any{"d": []byte("d")}, []int{1},
	}
	data, attachments, err := j.AppendEvent([]byte("x"), nil, "e", args...)
	if err != nil {
		t.Fatal(err)
	}
	want := `x["e","a",1,2.5,true,null,` + at0 + `,[ ],"r",{"Name":"\u003c","Data":` +
		`{"_placeholder":true,"num":1}},{"d":{"_placeholder":true,"num":2}},[1]]`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b", "c", "d"}, texts(attachments)); diff != "" {
		t.Error(diff)
	}
	if *encoded != 3 {
		t.Errorf("the library encoded %d arguments, want those 3 that need it", *encoded)
	}
	if data, _, err := j.AppendArgs(nil, nil, file{Name: "n"}); err != nil || string(data) != `[{"Name":"n","Data":null}]` {
		t.Errorf("an acknowledgement is %s, %v", data, err)
	}
}

func TestLibraryThatFails(t *testing.T) {
	cases := map[string]struct {
		text string
		err  error
		want error
	}{
		"an error":      {"", errLibrary, errLibrary},
		"nothing":       {"", nil, ErrSyntax},
		"no JSON":       {`{"a":}`, nil, ErrSyntax},
		"more than one": {`1,2`, nil, ErrSyntax},
		"a placeholder": {`{"_placeholder":true,"num":1}`, nil, ErrAttachments},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			j := &JSON{Marshal: func(any) ([]byte, error) { return []byte(test.text), test.err }}
			data, attachments, err := j.AppendArgs([]byte("x"), nil, []byte("b"), struct{}{})
			if !errors.Is(err, test.want) || string(data) != "x" || attachments != nil {
				t.Errorf("%s %q, %v, want %v", data, attachments, err, test.want)
			}
		})
	}
	j := &JSON{Unmarshal: func([]byte, any) error { return errLibrary }}
	var scan *ScanError
	if err := j.Scan(decode(t, `3[1,{}]`).Args(), new(int), new(any)); !errors.As(err, &scan) || scan.Index != 1 || !errors.Is(err, errLibrary) {
		t.Errorf("the error is %v", err)
	}
}

func TestLibraryDecodes(t *testing.T) {
	j, _, decoded := counting()
	args := decode(t, `3["a\n",1,-2,2.5,true,{"x":1},[`+`{"_placeholder":false}`+`],null]`).Args()
	var (
		s    string
		i    int
		l    int64
		f    float64
		b    bool
		raw  json.RawMessage
		list []any
		null = 7
	)
	if err := j.Scan(args, &s, &i, &l, &f, &b, &raw, &list, &null); err != nil {
		t.Fatal(err)
	}
	if s != "a\n" || i != 1 || l != -2 || f != 2.5 || !b || string(raw) != `{"x":1}` || len(list) != 1 || null != 7 {
		t.Error(s, i, l, f, b, string(raw), list, null)
	}
	if *decoded != 2 {
		t.Errorf("the library decoded %d arguments, want the list and the null", *decoded)
	}
}

func TestLibraryDecodesAttachments(t *testing.T) {
	j, _, decoded := counting()
	p := decode(t, `62-[{"data":`+at0+`},{"data":`+at1+`}]`, "x", "y")
	var (
		s struct{ Data Binary }
		m map[string]any
	)
	if err := j.Scan(p.Args(), &s, &m); err != nil {
		t.Fatal(err)
	}
	if b, _ := m["data"].([]byte); string(s.Data) != "x" || !bytes.Equal(b, []byte("y")) || *decoded != 2 {
		t.Errorf("%q, %q after %d calls", s.Data, b, *decoded)
	}
}

// refusing is decoded by its method, and remembers what that was given.
type refusing struct {
	refuse bool
	text   string
}

func (r *refusing) UnmarshalJSON(b []byte) error {
	r.text += string(b)
	if r.refuse {
		return errLibrary
	}
	return nil
}

// unmarshalers is decoded by a method that no pointer is needed for.
type unmarshalers map[string]int

func (unmarshalers) UnmarshalJSON([]byte) error { return nil }

func TestMethodsDecode(t *testing.T) {
	args := decode(t, `62-[null,{"a" : `+at0+`},"x"]`, "b", "c").Args()
	var (
		null, object refusing
		bad          = refusing{refuse: true}
		scan         *ScanError
	)
	if err := args.Scan(&null, &object, &bad); !errors.As(err, &scan) || scan.Index != 2 || !errors.Is(err, errLibrary) {
		t.Errorf("the error is %v", err)
	}
	if null.text != "null" || object.text != `{"a" : "Yg=="}` || bad.text != `"x"` {
		t.Errorf("the methods were given %q, %q, %q", null.text, object.text, bad.text)
	}
	for _, dest := range []any{(*refusing)(nil), unmarshalers{}, unmarshalers(nil), nil} {
		var invalid *json.InvalidUnmarshalError
		if err := args.Scan(dest); !errors.As(err, &invalid) {
			t.Errorf("scanning into %#v: %v", dest, err)
		}
	}
}

func TestScalarsNeedNoMemory(t *testing.T) {
	args := decode(t, `3[1,-2,2.5,true]`).Args()
	var (
		i int
		l int64
		f float64
		b bool
	)
	if n := testing.AllocsPerRun(100, func() {
		if args.Scan(&i, &l, &f, &b) != nil {
			t.Error("they can't be scanned")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
