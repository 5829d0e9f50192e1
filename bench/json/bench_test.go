package json

import (
	"strings"
	"testing"

	goccy "github.com/goccy/go-json"
)

type position struct {
	ID     string  `json:"id"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Moving bool    `json:"moving"`
	Name   string  `json:"name"`
	Text   string  `json:"text"`
}

const position160 = `{"id":"4f1c2a9e-7d","x":1024.25,"y":-387.5,"moving":true,` +
	`"name":"Ada Lovelace of Marylebone","text":"a note on the engine, its loom and its card"}`

// own decodes and encodes itself, with another library: what a type can do to be
// quicker without anybody else's knowledge.
type own struct{ position }

func (o *own) UnmarshalJSON(b []byte) error { return goccy.Unmarshal(b, &o.position) }
func (o *own) MarshalJSON() ([]byte, error) { return goccy.Marshal(&o.position) }

// order is an argument of about 1 KiB.
type order struct {
	ID    int               `json:"id"`
	Buyer position          `json:"buyer"`
	Lines []line            `json:"lines"`
	Notes map[string]string `json:"notes"`
}

type line struct {
	SKU    string   `json:"sku"`
	Amount int      `json:"amount"`
	Price  float64  `json:"price"`
	Tags   []string `json:"tags,omitempty"`
}

var order1K = `{"id":182736,"buyer":` + position160 + `,"lines":[` +
	strings.Repeat(`{"sku":"A-1029-green","amount":12,"price":19.95,"tags":["a","garden","tool"]},`, 8) +
	`{"sku":"last","amount":1,"price":0.5}],"notes":{"gate":"ring twice","time":"after \"six\"\n"}}`

const placeholders = `{"name":"photo","data":{"_placeholder":true,"num":0},"parts":[{"_placeholder":true,"num":1}]}`

// cases are arguments, and the variables that they are decoded into.
var cases = []struct {
	name, text string
	dest       func() any
}{
	{"struct", position160, func() any { return new(position) }},
	{"own", position160, func() any { return new(own) }},
	{"struct1K", order1K, func() any { return new(order) }},
	{"string", `"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"`, func() any { return new(string) }},
	{"escapes", `"he said \"hello\"\nand went \u2026 away"`, func() any { return new(string) }},
	{"int", `1789214`, func() any { return new(int) }},
	{"float64", `-387.25`, func() any { return new(float64) }},
	{"bool", `true`, func() any { return new(bool) }},
	{"floats", `[1.5,2.25,-3.125,4e10,5,6.75,7,8.875]`, func() any { return new([]float64) }},
	{"any", position160, func() any { return new(any) }},
	{"any1K", order1K, func() any { return new(any) }},
	{"map", placeholders, func() any { return new(map[string]any) }},
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, c := range cases {
		for _, l := range libraries {
			b.Run(c.name+"/"+l.name, func(b *testing.B) {
				text := []byte(c.text)
				b.ReportAllocs()
				for b.Loop() {
					if err := l.unmarshal(text, c.dest()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	for _, c := range cases {
		for _, l := range libraries {
			b.Run(c.name+"/"+l.name, func(b *testing.B) {
				v := c.dest()
				if err := libraries[0].unmarshal([]byte(c.text), v); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := l.marshal(v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
