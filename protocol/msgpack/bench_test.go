package msgpack

import (
	"strings"
	"testing"

	"github.com/briohq/brio/protocol"
)

var benchmarks = []struct {
	name        string
	text        string
	attachments [][]byte
}{
	{"short", `2["message","hello"]`, nil},
	{"object", `2/chat,12["message",{"user":"anna","room":"lobby","at":1719923412345,"tags":["a","b"],"read":false,"score":0.75}]`, nil},
	{"binary", `51-["photo",{"name":"cat","data":{"_placeholder":true,"num":0}}]`, [][]byte{make([]byte, 4096)}},
	{"large", `2["list",[` + strings.Repeat(`{"id":12345,"name":"somebody with a name","x":1.5,"y":-2.25},`, 1000) + `null]]`, nil},
}

func BenchmarkDecode(b *testing.B) {
	for _, bench := range benchmarks {
		p := text2packet(b, bench.text, bench.attachments...)
		message, err := Append(nil, &p)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(message)))
			for b.Loop() {
				if _, err := Decode(message, protocol.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, bench := range benchmarks {
		p := text2packet(b, bench.text, bench.attachments...)
		b.Run(bench.name, func(b *testing.B) {
			var message []byte
			var err error
			b.ReportAllocs()
			for b.Loop() {
				if message, err = Append(message[:0], &p); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(message)))
		})
	}
}
