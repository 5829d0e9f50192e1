package msgpack

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/protocol"
)

// A value is the same after it has travelled, and its attachments are numbered anew.
func TestValue(t *testing.T) {
	text := `{"a":[1,{"_placeholder":true,"num":1}],"b":{"_placeholder":true,"num":0},"c":"é<>"}`
	b, err := AppendValue([]byte("x"), []byte(text), [][]byte{{1}, {2}})
	if err != nil {
		t.Fatal(err)
	}
	value, attachments, err := DecodeValue(b[1:], protocol.Limits{})
	want := `{"a":[1,{"_placeholder":true,"num":0}],"b":{"_placeholder":true,"num":1},"c":"é<>"}`
	if err != nil || string(value) != want || !cmp.Equal(attachments, [][]byte{{2}, {1}}) {
		t.Errorf("%s %q %v", value, attachments, err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "half": b[1 : len(b)-1], "more": append(bytes.Clone(b[1:]), 0), "large": make([]byte, 1_000_001)} {
		if _, _, err := DecodeValue(bad, protocol.Limits{}); err == nil {
			t.Errorf("%s is decoded", name)
		}
	}
	if b, err := AppendValue([]byte("x"), []byte(`{"_placeholder":true,"num":0}`), [][]byte{{1}, {2}}); err != nil {
		t.Errorf("%q %v", b, err)
	}
	if b, err := AppendValue([]byte("x"), []byte(`{`), nil); err == nil || string(b) != "x" {
		t.Errorf("%q %v", b, err)
	}
}

// What is decoded is JSON, and stays the same when it travels again.
func FuzzDecodeValue(f *testing.F) {
	f.Add([]byte("\x82\xa1a\xc4\x01\x00\xa1b\x93\x01\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xc0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		value, attachments, err := DecodeValue(b, protocol.Limits{})
		if err != nil {
			return
		}
		if !json.Valid(value) {
			t.Fatalf("%q is not JSON", value)
		}
		again, err := AppendValue(nil, value, attachments)
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		same, _, err := DecodeValue(again, protocol.Limits{Bytes: 1e8})
		if err != nil || !bytes.Equal(value, same) {
			t.Fatalf("%q became %q: %v", value, same, err)
		}
	})
}
