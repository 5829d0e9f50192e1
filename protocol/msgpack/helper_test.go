package msgpack

import (
	"encoding/hex"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/briohq/brio/protocol"
)

// Types 0 to 4 as they begin a message, with the members nsp and data after it.
const (
	connect      = "\x83\xa4type\x00\xa3nsp\xa1/\xa4data"
	disconnect   = "\x83\xa4type\x01\xa3nsp\xa1/\xa4data"
	event        = "\x83\xa4type\x02\xa3nsp\xa1/\xa4data"
	ack          = "\x83\xa4type\x03\xa3nsp\xa1/\xa4data"
	connectError = "\x83\xa4type\x04\xa3nsp\xa1/\xa4data"
)

// A vector is a line of testdata, described in its README.
type vector struct {
	message []byte
	packet  protocol.Packet
}

func vectors(t testing.TB, file string) (all []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		attachments := make([][]byte, len(fields)-2)
		for i, field := range fields[2:] {
			attachments[i] = unhex(t, field)
		}
		all = append(all, vector{unhex(t, fields[0]), text2packet(t, fields[1], attachments...)})
	}
	return all
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// text2packet decodes a packet of the text protocol.
func text2packet(t testing.TB, text string, attachments ...[]byte) protocol.Packet {
	t.Helper()
	d := protocol.Decoder{Limits: &protocol.Limits{Attachments: 1000}}
	p, done, err := d.Text([]byte(text))
	for _, a := range attachments {
		if err != nil || done {
			break
		}
		p, done, err = d.Binary(a)
	}
	if err != nil || !done {
		t.Fatalf("%s: done %v, error %v", text, done, err)
	}
	return p
}

func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateEmpty()) }

// allocated returns how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
