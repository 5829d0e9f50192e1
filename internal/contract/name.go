package contract

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// parameter returns what the argument of an event may be called: as its type, or as
// the handler calls it.
func parameter(one use, typed string) string {
	switch {
	case typed != "":
		return typed
	case utf8.RuneCountInString(one.parameter) > 1 && !reserved[one.parameter]:
		return one.parameter
	}
	return "value"
}

// name returns what a value of the shape may be called, "" if its type has no name.
func (s *Shape) name() string {
	switch {
	case s == nil:
		return ""
	case s.Kind == Nullable:
		return s.Element.name()
	case s.Kind == List && s.Element.name() != "":
		return s.Element.name() + "s"
	case s.Kind != Reference:
		return ""
	}
	name := lowerFirst(s.Named.word)
	if reserved[name] {
		return ""
	}
	return name
}

// lowerFirst makes a parameter's name of a type's: RoomInfo is roomInfo, URL is url.
func lowerFirst(name string) string {
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsUpper(r) || i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) {
			break
		}
		runes[i] = unicode.ToLower(r)
	}
	return string(runes)
}

// reserved are names that a parameter can't have.
var reserved = words(`ack arguments await break case catch class const continue debugger default delete do else enum
	eval export extends false finally for function if implements import in instanceof interface let new null package
	private protected public return static super switch this throw true try typeof var void while with yield`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(text) {
		set[word] = true
	}
	return set
}

// taken are names that what is written uses itself.
var taken = words("ServerToClientEvents ClientToServerEvents Failure Binary Record ArrayBuffer Uint8Array")

// identifier makes a type's name of words: that of /org-{id} is OrgId.
func identifier(text string) string {
	var b strings.Builder
	begins := true
	for _, r := range text {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_':
			begins = true
			continue
		case b.Len() == 0 && unicode.IsDigit(r):
			b.WriteByte('N')
		}
		if begins {
			r = unicode.ToUpper(r)
		}
		begins = false
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return "Main"
	}
	return b.String()
}

// names gives each of a row of things a name of its own.
type names map[string]bool

// pick returns the name, with a number if it has been given already.
func (n names) pick(name string) string {
	one := name
	for i := 2; n[one]; i++ {
		one = fmt.Sprint(name, i)
	}
	n[one] = true
	return one
}
