package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/contract/testdata/sample"
	"github.com/briohq/brio/internal/contract/testdata/sample/ink"
	"github.com/briohq/brio/protocol"
)

// What brio writes of a value is what its shape says.
func TestShapesAreWhatIsWritten(t *testing.T) {
	c, err := Read(t.Context(), "", "./testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	text, number := "text", 7
	line := &sample.Line{From: "me", Text: "hello"}
	full := sample.Everything{
		Number: "12.5", Flag: true, Texted: &text, Ignored: func() {}, Dash: number,
		Pointer: line, Omitted: line, Twice: &line, Zero: *line, Slice: []*sample.Line{nil, line},
		Array: [3]sample.Mood{sample.Good, sample.Bad, sample.Good}, Bytes: []byte{1},
		Map: map[string]int{"a": 1}, Numbered: map[int][]sample.Line{1: {*line}}, Time: time.Unix(0, 0), Duration: time.Second,
		Raw: json.RawMessage(`[1]`), Any: 1, Error: fmt.Errorf("no"), Failure: 3,
	}
	empty := full
	empty.Flag, empty.Texted, empty.Pointer, empty.Omitted, empty.Twice, empty.Zero = false, nil, nil, nil, nil, sample.Line{}
	full.SetBehind()

	last := sample.Page[sample.Line]{Items: []sample.Line{}, Line: ink.Line{Points: [][2]float64{{1, 2}}, Ink: ink.Red}, Cover: brio.Binary{1}}
	page := last
	page.Items, page.Next = []sample.Line{*line}, &last
	cases := map[string][]any{
		"everything": {full, empty},
		"said":       {*line},
		"list pages": {page, last},
		"grow":       {sample.Tree{{}, {{}}}},
		"moods":      {map[sample.Mood][]sample.Mood{sample.Good: {sample.Bad}}},
		"frames":     {[][]byte{{1}, {2}}},
		"drop":       {sample.Blob{1}},
		"by-name":    {sample.Empty{}},
		"upload":     {[]byte{1}},
	}
	for _, ns := range c.Namespaces {
		for _, e := range slices.Concat(ns.ToClient, ns.ToServer) {
			shape := e.Argument
			if e.Call && e.Answer != nil {
				shape = e.Answer
			}
			for _, value := range cases[e.Name] {
				data, _, err := protocol.AppendArgs(nil, nil, value)
				if err != nil {
					t.Fatal(e.Name, err)
				}
				var list []any
				if err := json.Unmarshal(data, &list); err != nil {
					t.Fatal(e.Name, err)
				}
				for _, problem := range fits(shape, list[0], e.Name) {
					t.Errorf("%s\n\tin %s", problem, data)
				}
			}
			delete(cases, e.Name)
		}
	}
	if len(cases) > 0 {
		t.Error("no event is called", slices.Sorted(maps.Keys(cases)))
	}
}

// fits returns what of a value is not as its shape says.
func fits(s *Shape, value any, what string) []string {
	bad := func(is bool) []string {
		if is {
			return nil
		}
		return []string{fmt.Sprintf("%s is %v, which is none of kind %d", what, value, s.Kind)}
	}
	switch s.Kind {
	case Unknown:
		return nil
	case Boolean:
		_, ok := value.(bool)
		return bad(ok)
	case Integer:
		n, ok := value.(float64)
		return bad(ok && n == float64(int64(n)))
	case Number:
		_, ok := value.(float64)
		return bad(ok)
	case String, Base64:
		_, ok := value.(string)
		return bad(ok)
	case Time:
		text, ok := value.(string)
		_, err := time.Parse(time.RFC3339Nano, text)
		return bad(ok && err == nil)
	case Binary:
		o, ok := value.(map[string]any)
		return bad(ok && o["_placeholder"] == true)
	case Literals:
		text, ok := value.(string)
		return bad(ok && slices.Contains(s.Literals, text))
	case Nullable:
		if value == nil {
			return nil
		}
		return fits(s.Element, value, what)
	case Reference:
		return fits(s.Named.Shape, value, what)
	case Map:
		o, ok := value.(map[string]any)
		problems := bad(ok)
		for key, v := range o {
			problems = append(problems, fits(s.Element, v, what+"."+key)...)
		}
		return problems
	case Object:
		return fitsFields(s.Fields, value, what)
	}
	array, ok := value.([]any)
	problems := bad(ok && (s.Kind == List || len(array) == s.Length))
	for i, v := range array {
		problems = append(problems, fits(s.Element, v, fmt.Sprint(what, ".", i))...)
	}
	return problems
}

func fitsFields(fields []Field, value any, what string) (problems []string) {
	o, ok := value.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s is %v, which is no object", what, value)}
	}
	for _, f := range fields {
		v, there := o[f.Name]
		delete(o, f.Name)
		switch {
		case there:
			problems = append(problems, fits(f.Shape, v, what+"."+f.Name)...)
		case !f.Optional:
			problems = append(problems, what+"."+f.Name+" is missing")
		}
	}
	if len(o) > 0 {
		problems = append(problems, what+" also has "+strings.Join(slices.Sorted(maps.Keys(o)), ", "))
	}
	return problems
}
