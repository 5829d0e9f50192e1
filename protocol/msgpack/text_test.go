package msgpack

import (
	"errors"
	"strings"
	"testing"

	"github.com/briohq/brio/protocol"
)

func TestDecodeText(t *testing.T) {
	tests := map[string]struct {
		message string
		text    string // of the packet; empty for a refusal
		err     error
	}{
		"connect":               {`{"type":0,"nsp":"/a","options":{"compress":true}}`, `0/a,`, nil},
		"connect, with a query": {`{"type":0,"query":"b=c","nsp":"/a?b=c"}`, `0/a?b=c,`, nil},
		"disconnect":            {`{"type":1,"nsp":"/"}`, `1`, nil},
		"another order, spaces": {` { "nsp" : "/a" , "type" : 1 } `, `1/a,`, nil},
		"event":                 {`{"type":2,"data":["e"],"nsp":"/"}`, ``, protocol.ErrType},
		"ack":                   {`{"type":3,"data":[],"id":1,"nsp":"/"}`, ``, protocol.ErrType},
		"connect error":         {`{"type":4,"data":"no","nsp":"/"}`, ``, protocol.ErrType},
		"type, none":            {`{"nsp":"/"}`, ``, protocol.ErrType},
		"type, null":            {`{"type":null,"nsp":"/"}`, ``, protocol.ErrType},
		"type, string":          {`{"type":"0","nsp":"/"}`, ``, protocol.ErrSyntax},
		"type, fraction":        {`{"type":0.5,"nsp":"/"}`, ``, protocol.ErrSyntax},
		"type, negative":        {`{"type":-1,"nsp":"/"}`, ``, protocol.ErrSyntax},
		"type, beyond a byte":   {`{"type":256,"nsp":"/"}`, ``, protocol.ErrSyntax},
		"payload":               {`{"type":0,"nsp":"/","data":{"a":1}}`, ``, protocol.ErrPayload},
		"payload, null":         {`{"type":0,"nsp":"/","data":null}`, ``, protocol.ErrPayload},
		"id":                    {`{"type":1,"nsp":"/","id":1}`, ``, protocol.ErrPayload},
		"namespace, none":       {`{"type":0}`, ``, protocol.ErrSyntax},
		"namespace, number":     {`{"type":0,"nsp":1}`, ``, protocol.ErrSyntax},
		"namespace, no slash":   {`{"type":0,"nsp":"a"}`, ``, protocol.ErrSyntax},
		"namespace, comma":      {`{"type":0,"nsp":"/a,"}`, ``, protocol.ErrSyntax},
		"namespace, too long":   {`{"type":0,"nsp":"/` + strings.Repeat("n", 512) + `"}`, ``, protocol.ErrNamespace},
		"text of the protocol":  {`0/a,`, ``, protocol.ErrSyntax},
		"list":                  {`[0,"/"]`, ``, protocol.ErrSyntax},
		"null":                  {`null`, ``, protocol.ErrType},
		"nothing":               {``, ``, protocol.ErrSyntax},
		"cut short":             {`{"type":0,"nsp":"/"`, ``, protocol.ErrSyntax},
		"more after it":         {`{"type":0,"nsp":"/"}{}`, ``, protocol.ErrSyntax},
		"nested without end":    {strings.Repeat("[", 100_000), ``, protocol.ErrSyntax},
		"too large":             {strings.Repeat(" ", 1_000_001), ``, protocol.ErrTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Codec{}.DecodeText([]byte(test.message), protocol.Limits{})
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			if d := diff(text2packet(t, test.text), p); d != "" {
				t.Error(d)
			}
		})
	}
}

// What is accepted is a packet without a payload, in a namespace that the text
// protocol can name.
func FuzzDecodeText(f *testing.F) {
	f.Add([]byte(`{"type":0,"query":"b=c","nsp":"/a?b=c"}`))
	f.Add([]byte(`{"type":1,"nsp":"/","options":{"compress":true}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeText(b, protocol.Limits{})
		if err != nil {
			return
		}
		if d := diff(p, text2packet(t, string(p.AppendText(nil)))); d != "" {
			t.Fatalf("as text: %s", d)
		}
	})
}
