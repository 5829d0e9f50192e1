package chat

import (
	"errors"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

func TestWords(t *testing.T) {
	name := func(s string) (string, error) { return cleanName(s) }
	room := func(s string) (string, error) { return cleanRoom(s) }
	text := func(s string) (string, error) {
		d, err := cleanDraft(Draft{Text: s, Key: "k"})

		return d.Text, err
	}
	key := func(s string) (string, error) {
		_, err := cleanDraft(Draft{Text: "x", Key: s})

		return s, err
	}

	for _, test := range []struct {
		what  string
		clean func(string) (string, error)
		in    string
		want  string // empty: refused
	}{
		{"name is trimmed", name, "  Ada   Lovelace ", "Ada Lovelace"},
		{"name in any script", name, "Łukasz 李", "Łukasz 李"},
		{"longest name, in characters", name, strings.Repeat("é", MaxName), strings.Repeat("é", MaxName)},
		{"name too long", name, strings.Repeat("é", MaxName+1), ""},
		{"no name", name, " \t\n ", ""},
		{"name that turns the text around", name, "Ada\u202e", ""},
		{"name with an invisible letter", name, "A\u200bda", ""},
		{"room is tidied", room, " Big  Hall ", "big-hall"},
		{"no room", room, "", ""},
		{"room too long", room, strings.Repeat("a", MaxRoom+1), ""},
		{"room that looks private", room, "@a+b", ""},
		{"room with a slash", room, "a/b", ""},
		{"text is trimmed, its lines kept", text, "\n one\n two \n", "one\n two"},
		{"no text", text, " \n ", ""},
		{"longest text", text, strings.Repeat("ж", MaxText), strings.Repeat("ж", MaxText)},
		{"text too long", text, strings.Repeat("ж", MaxText+1), ""},
		{"no key", key, "", ""},
		{"key too long", key, strings.Repeat("k", maxKey+1), ""},
	} {
		t.Run(test.what, func(t *testing.T) {
			got, err := test.clean(test.in)
			var refusal *brio.Error
			switch {
			case test.want == "" && !errors.As(err, &refusal):
				t.Errorf("%q gives %q, %v; want a refusal that the page can show", test.in, got, err)
			case test.want != "" && (err != nil || got != test.want):
				t.Errorf("%q gives %q, %v; want %q", test.in, got, err, test.want)
			}
		})
	}
}

func TestIdentify(t *testing.T) {
	one, err := identify(strings.Repeat("a", 32))
	if err != nil {
		t.Fatal(err)
	}
	if other, _ := identify(strings.Repeat("b", 32)); other == one {
		t.Error("two keys give the same ID")
	}
	if strings.Contains(one, "aaaa") || one == "" {
		t.Errorf("ID %q gives the key away", one)
	}
	if _, err := identify("short"); err == nil {
		t.Error("a key that can be guessed is taken")
	}
}
