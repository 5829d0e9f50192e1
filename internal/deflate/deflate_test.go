package deflate

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// What was compressed, in however many parts and behind whatever was there, is read
// back, unless it is longer than it may be.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SliceOfN(rapid.ByteRange('a', 'c'), 0, 5000), 0, 4).Draw(t, "parts")
		before := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "before")
		message := bytes.Join(parts, nil)
		compressed := Append(bytes.Clone(before), parts...)
		if !bytes.HasPrefix(compressed, before) {
			t.Fatal("what was there has changed")
		}
		compressed = compressed[len(before):]
		if len(compressed) > Bound(len(message)) {
			t.Errorf("%d bytes became %d", len(message), len(compressed))
		}
		got, err := Inflate(bytes.Clone(before), compressed, len(message))
		if err != nil || !bytes.Equal(got, append(before, message...)) {
			t.Errorf("%q, %v; want %q", got, err, message)
		}
		if len(message) > 0 {
			if _, err := Inflate(nil, compressed, len(message)-1); !errors.Is(err, ErrTooLong) {
				t.Errorf("one byte too long: %v", err)
			}
		}
	})
}

func TestNoise(t *testing.T) {
	for _, message := range []string{"\xff\xff", "\x07", "not compressed at all"} {
		if got, err := Inflate(nil, []byte(message), 1000); err == nil || errors.Is(err, ErrTooLong) {
			t.Errorf("%q is %q, %v", message, got, err)
		}
	}
}
