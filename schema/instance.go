package schema

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/jsonfield"
	"github.com/briohq/brio/protocol"
)

// The bounds of a number: it is calculated with exactly, for which one with a large
// exponent would need a lot of time and memory.
const (
	maxDigits   = 100
	maxExponent = 400
)

// value is any JSON value, with its numbers as they are written.
type value struct{ root any }

// UnmarshalJSON implements json.Unmarshaler: so attachments are in base64 here.
func (v *value) UnmarshalJSON(text []byte) error {
	var err error
	v.root, err = instance(text)
	return err
}

// instance decodes a text for the schema to look at.
func instance(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, brio.Invalid("", protocol.RuleFormat, "expected JSON")
	}
	if at, ok := numbers(v, nil); !ok {
		return nil, brio.Invalid(jsonfield.Path(at), protocol.RuleRange, "expected a number of usual size")
	}
	return v, nil
}

// numbers reports whether all numbers in v may be calculated with, or where one is that
// may not.
func numbers(v any, path []byte) (at []byte, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return path, usual(string(v))
	case []any:
		for i, e := range v {
			if at, ok := numbers(e, jsonfield.AppendIndex(path, i)); !ok {
				return at, false
			}
		}
	case map[string]any:
		for k, e := range v {
			if at, ok := numbers(e, jsonfield.AppendName(path, k)); !ok {
				return at, false
			}
		}
	}
	return nil, true
}

func usual(number string) bool {
	if len(number) > maxDigits {
		return false
	}
	i := strings.IndexAny(number, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(number[i+1:])
	return err == nil && exponent >= -maxExponent && exponent <= maxExponent
}
