package msgpack

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/briohq/brio/protocol"
)

// A packet becomes the bytes a JavaScript server sends for it.
func TestAppendVectors(t *testing.T) {
	for _, v := range vectors(t, "server.hex") {
		got, err := Append([]byte("before"), &v.packet)
		if err != nil {
			t.Errorf("%s: %v", v.packet.AppendText(nil), err)
			continue
		}
		if want := append([]byte("before"), v.message...); !bytes.Equal(got, want) {
			t.Errorf("%s:\n%x, want\n%x", v.packet.AppendText(nil), got, want)
		}
	}
}

func TestAppendValues(t *testing.T) {
	tests := map[string]struct {
		json  string
		value string
	}{
		"int64, least":            {`-9223372036854775808`, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"},
		"below int64":             {`-9223372036854775809`, "\xcb\xc3\xe0\x00\x00\x00\x00\x00\x00"},
		"uint64, greatest":        {`18446744073709551615`, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"},
		"above uint64":            {`18446744073709551616`, "\xcb\x43\xf0\x00\x00\x00\x00\x00\x00"},
		"minus zero":              {`-0`, "\x00"},
		"fraction of zero":        {`1.0`, "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"},
		"exponent":                {`1E2`, "\xcb\x40\x59\x00\x00\x00\x00\x00\x00"},
		"beyond float64":          {`-1e999`, "\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"},
		"white space":             {" [ 1 ,\n{ } ,{ \"a\"\t: 2 } ] ", "\x93\x01\x80\x81\xa1a\x02"},
		"escapes":                 {`"\"\\\/\b\f\n\r\t\u0041\u00e9"`, "\xab\"\\/\b\f\n\r\tAé"},
		"pair":                    {`"\ud83c\udf89!"`, "\xa5🎉!"},
		"half a pair":             {`"\ud83c"`, "\xa3\uFFFD"},
		"half a pair, then text":  {`"\udf89\n"`, "\xa4\uFFFD\n"},
		"half a pair, then other": {`"\ud83c\u0041"`, "\xa4\uFFFDA"},
		"halves in wrong order":   {`"\udf89\ud83c"`, "\xa6\uFFFD\uFFFD"},
		"half, then whole":        {`"\ud83c\ud83c\udf89"`, "\xa7\uFFFD🎉"},
		"not UTF-8":               {"\"a\xffb\"", "\xa5a\uFFFDb"},
		"escaped key":             {`{"\u0061":1}`, "\x81\xa1a\x01"},
		"placeholder of nothing":  {`{"_placeholder":true,"num":0}`, "\x82\xac_placeholder\xc3\xa3num\x00"},
		"longer array in shorter": {`[[` + strings.Repeat("0,", 16) + `0]]`, "\x91\xdc\x00\x11" + strings.Repeat("\x00", 17)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Append(nil, &protocol.Packet{Type: protocol.Ack, Namespace: "/", Data: []byte(`[` + test.json + `]`)})
			if err != nil {
				t.Fatal(err)
			}
			want := "\x83\xa4type\x03\xa4data\x91" + test.value + "\xa3nsp\xa1/"
			if string(got) != want {
				t.Errorf("%q, want\n%q", got, want)
			}
		})
	}
}

func TestAppendPackets(t *testing.T) {
	one, two := [][]byte{[]byte("a")}, [][]byte{[]byte("a"), nil}
	const at0, at1 = `{"_placeholder":true,"num":0}`, `{"_placeholder":true,"num":1}`
	tests := map[string]struct {
		packet protocol.Packet
		want   string
		err    error
	}{
		"no namespace":          {protocol.Packet{Type: protocol.Connect}, "\x82\xa4type\x00\xa3nsp\xa1/", nil},
		"namespace, not UTF-8":  {protocol.Packet{Type: protocol.Connect, Namespace: "/\xff"}, "\x82\xa4type\x00\xa3nsp\xa4/\uFFFD", nil},
		"empty data":            {protocol.Packet{Type: protocol.Connect, Data: []byte{}}, "\x82\xa4type\x00\xa3nsp\xa1/", nil},
		"binary event":          {protocol.Packet{Type: protocol.BinaryEvent, Data: []byte(`[` + at0 + `]`), Attachments: one}, "\x83\xa4type\x02\xa4data\x91\xc4\x01a\xa3nsp\xa1/", nil},
		"binary ack":            {protocol.Packet{Type: protocol.BinaryAck, Data: []byte(`[` + at0 + `]`), Attachments: one}, "\x83\xa4type\x03\xa4data\x91\xc4\x01a\xa3nsp\xa1/", nil},
		"placeholders, swapped": {protocol.Packet{Type: protocol.Ack, Data: []byte(`[` + at1 + `,` + at0 + `]`), Attachments: two}, "\x83\xa4type\x03\xa4data\x92\xc4\x00\xc4\x01a\xa3nsp\xa1/", nil},
		"placeholder, spelled":  {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{ "num" : 0 , "\u005fplaceholder" : true }]`), Attachments: one}, "\x83\xa4type\x03\xa4data\x91\xc4\x01a\xa3nsp\xa1/", nil},
		"placeholder, not true": {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":1,"num":0}]`), Attachments: one}, "\x83\xa4type\x03\xa4data\x91\x82\xac_placeholder\x01\xa3num\x00\xa3nsp\xa1/", nil},
		"attachment unused":     {protocol.Packet{Type: protocol.Ack, Data: []byte(`[]`), Attachments: one}, "\x83\xa4type\x03\xa4data\x90\xa3nsp\xa1/", nil},
		"other types have none": {protocol.Packet{Type: protocol.Connect, Data: []byte(at0), Attachments: one}, "\x83\xa4type\x00\xa4data\x82\xac_placeholder\xc3\xa3num\x00\xa3nsp\xa1/", nil},
		"type":                  {protocol.Packet{Type: 7}, "", protocol.ErrType},
		"no JSON":               {protocol.Packet{Type: protocol.Ack, Data: []byte(`[`)}, "", protocol.ErrSyntax},
		"out of range":          {protocol.Packet{Type: protocol.Ack, Data: []byte(`[` + at1 + `]`), Attachments: one}, "", protocol.ErrAttachments},
		"named twice":           {protocol.Packet{Type: protocol.Ack, Data: []byte(`[` + at0 + `,` + at0 + `]`), Attachments: two}, "", protocol.ErrAttachments},
		"no number":             {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true}]`), Attachments: one}, "", protocol.ErrAttachments},
		"number, negative":      {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true,"num":-1}]`), Attachments: one}, "", protocol.ErrAttachments},
		"number, no index":      {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true,"num":0e0}]`), Attachments: one}, "", protocol.ErrAttachments},
		"number, huge":          {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true,"num":18446744073709551616}]`), Attachments: one}, "", protocol.ErrAttachments},
		"member too many":       {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true,"num":0,"a":1}]`), Attachments: one}, "", protocol.ErrAttachments},
		"member twice":          {protocol.Packet{Type: protocol.Ack, Data: []byte(`[{"_placeholder":true,"_placeholder":true}]`), Attachments: one}, "", protocol.ErrAttachments},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Append([]byte("before"), &test.packet)
			if !errors.Is(err, test.err) || string(got) != "before"+test.want {
				t.Errorf("%q, error %v, want\n%q, error %v", got, err, test.want, test.err)
			}
		})
	}
}
