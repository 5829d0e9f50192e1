package jsonstring_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/briohq/brio/internal/jsonstring"
)

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.String().Draw(t, "string")
		text := jsonstring.Append(nil, want)
		var got string
		if err := json.Unmarshal(text, &got); err != nil || got != want {
			t.Fatalf("%q was written as %s and read as %q, %v", want, text, got, err)
		}
		if other := jsonstring.Append(nil, []byte(want)); string(other) != string(text) {
			t.Fatalf("bytes are written as %s, the string as %s", other, text)
		}
	})
}
