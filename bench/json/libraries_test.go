package json

import (
	v1 "encoding/json"

	"github.com/bytedance/sonic"
	v2 "github.com/go-json-experiment/json"
	compat "github.com/go-json-experiment/json/v1"
	goccy "github.com/goccy/go-json"
	segmentio "github.com/segmentio/encoding/json"
)

// library is one way to decode and encode.
type library struct {
	name      string
	marshal   func(any) ([]byte, error)
	unmarshal func([]byte, any) error
}

// libraries are those that are compared, the standard library first. Sonic is
// configured to do what the standard library does; the others have no more to
// configure for that.
var libraries = []library{
	{"std", v1.Marshal, v1.Unmarshal},
	{"experiment-v1", compat.Marshal, compat.Unmarshal},
	{
		"experiment-v2",
		func(v any) ([]byte, error) { return v2.Marshal(v, v2.Deterministic(true)) },
		func(b []byte, v any) error { return v2.Unmarshal(b, v) },
	},
	{"goccy", goccy.Marshal, func(b []byte, v any) error { return goccy.Unmarshal(b, v) }},
	{"segmentio", segmentio.Marshal, segmentio.Unmarshal},
	{"sonic", sonic.ConfigStd.Marshal, sonic.ConfigStd.Unmarshal},
}
