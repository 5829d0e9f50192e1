package protocol

import (
	"encoding/json"
	"testing"
	"time"
)

// event160 is `["event",{6 fields}]`, 160 bytes with its header.
const event160 = `2["position",{"id":"4f1c2a9e-7d","x":1024.25,"y":-387.5,"moving":true,` +
	`"name":"Ada Lovelace of Marylebone","text":"a note on the engine, its loom and the cards"}]`

type position struct {
	ID     string  `json:"id"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Moving bool    `json:"moving"`
	Name   string  `json:"name"`
	Text   string  `json:"text"`
}

func BenchmarkDecode(b *testing.B) {
	cases := map[string]string{
		"echo64":    `2["echo","0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]`,
		"event160":  event160,
		"namespace": "2/chat," + event160[1:],
		"ack":       `37[true,12]`,
	}
	for name, text := range cases {
		b.Run(name, func(b *testing.B) {
			var d Decoder
			in := []byte(text)
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, done, err := d.Text(in); !done || err != nil {
					b.Fatal(done, err)
				}
			}
		})
	}
}

func BenchmarkDecodeBinary(b *testing.B) {
	var d Decoder
	in, attachment := []byte(`51-["file",{"_placeholder":true,"num":0}]`), make([]byte, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := d.Text(in); err != nil {
			b.Fatal(err)
		}
		if _, done, err := d.Binary(attachment); !done || err != nil {
			b.Fatal(done, err)
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	p := decode(b, event160)
	b.Run("name", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if len(p.EventName()) == 0 {
				b.Fatal("no name")
			}
		}
	})
	b.Run("len", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if p.Args().Len() != 1 {
				b.Fatal("not one argument")
			}
		}
	})
}

func BenchmarkScan(b *testing.B) {
	b.Run("struct", func(b *testing.B) {
		args := decode(b, event160).Args()
		b.ReportAllocs()
		for b.Loop() {
			var v position
			if err := args.Scan(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("string", func(b *testing.B) { benchmarkScan[string](b, `"hello, world"`) })
	b.Run("escapes", func(b *testing.B) { benchmarkScan[string](b, `"he said \"hello\"\nand went \u2026 away"`) })
	b.Run("int", func(b *testing.B) { benchmarkScan[int](b, `1789214`) })
	b.Run("float64", func(b *testing.B) { benchmarkScan[float64](b, `-387.25`) })
	b.Run("bool", func(b *testing.B) { benchmarkScan[bool](b, `true`) })
	b.Run("method", func(b *testing.B) { benchmarkScan[time.Time](b, `"2020-01-02T03:04:05Z"`) })
	b.Run("map", func(b *testing.B) { benchmarkScan[map[string]any](b, `{"a":1,"b":["c",true]}`) })
}

func benchmarkScan[T any](b *testing.B, text string) {
	b.Helper()
	args := decode(b, `2["say",`+text+`]`).Args()
	b.ReportAllocs()
	for b.Loop() {
		var v T
		if err := args.Scan(&v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	var v position
	if err := decode(b, event160).Args().Scan(&v); err != nil {
		b.Fatal(err)
	}
	cases := map[string]any{
		"struct": v,
		"string": v.Text,
		"relay":  decode(b, event160).Args(),
		"raw":    json.RawMessage(decode(b, event160).Args().Raw(0)),
		"bytes":  []byte("bytes"),
		"binary": struct{ Data Binary }{Binary("bytes")},
		"map":    map[string]any{"a": 1, "b": "two"},
	}
	for name, arg := range cases {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			var attachments [][]byte
			var err error
			b.ReportAllocs()
			for b.Loop() {
				dst, attachments, err = AppendEvent(dst[:0], attachments[:0], "position", arg)
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkScanOne is BenchmarkScan for the events with types.
func BenchmarkScanOne(b *testing.B) {
	b.Run("struct", func(b *testing.B) { benchmarkScanOne[position](b, string(decode(b, event160).Args().Raw(0))) })
	b.Run("string", func(b *testing.B) { benchmarkScanOne[string](b, `"hello, world"`) })
	b.Run("int", func(b *testing.B) { benchmarkScanOne[int](b, `1789214`) })
	b.Run("method", func(b *testing.B) { benchmarkScanOne[time.Time](b, `"2020-01-02T03:04:05Z"`) })
	b.Run("map", func(b *testing.B) { benchmarkScanOne[map[string]any](b, `{"a":1,"b":["c",true]}`) })
	b.Run("refused", func(b *testing.B) {
		args, j := decode(b, `2["e",{"id":"4f1c2a9e-7d","x":1024.25,"y":-387.5,"moving":true,"name":"Ada","text":5}]`).Args(), (*JSON)(nil).Strict()
		b.ReportAllocs()
		for b.Loop() {
			if err := j.ScanOne(args, new(position)); err == nil {
				b.Fatal("it was taken")
			}
		}
	})
}

func benchmarkScanOne[T any](b *testing.B, text string) {
	b.Helper()
	args, j := decode(b, `2["say",`+text+`]`).Args(), (*JSON)(nil).Strict()
	b.ReportAllocs()
	for b.Loop() {
		var v T
		if err := j.ScanOne(args, &v); err != nil {
			b.Fatal(err)
		}
	}
}
