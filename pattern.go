package brio

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a namespace's name with wildcards: literal texts with a wildcard
// between each two.
type pattern struct {
	literals []string // one more than names; only the last may be empty
	names    []string
	rest     bool // the last wildcard is {name...}
}

// parsePattern takes a name apart that has a brace.
func parsePattern(text string) (*pattern, error) {
	p := &pattern{}
	for tail := text; ; {
		literal, after, more := strings.Cut(tail, "{")
		if strings.Contains(literal, "}") {
			return nil, errors.New("a } without {")
		}
		p.literals = append(p.literals, literal)
		if !more {
			return p, nil
		}
		name, after, closed := strings.Cut(after, "}")
		name, rest := strings.CutSuffix(name, "...")
		switch {
		case !closed:
			return nil, errors.New("a { without }")
		case !identifier(name):
			return nil, fmt.Errorf("{%s}: the name of a wildcard is an identifier", name)
		case slices.Contains(p.names, name):
			return nil, fmt.Errorf("two wildcards are called %s", name)
		case literal == "":
			return nil, fmt.Errorf("no text before {%s}, to tell it from the wildcard before", name)
		case rest && after != "":
			return nil, fmt.Errorf("{%s...} is not at the end", name)
		}
		p.names, p.rest = append(p.names, name), rest
		tail = after
	}
}

func identifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// match returns what the wildcards stand for in a name, the leftmost ones for as
// little as possible. No other choice has to be tried: a shorter text leaves more
// for what follows, and none has a slash that could be in the way.
func (p *pattern) match(name string) (values []string, ok bool) {
	tail, ok := strings.CutPrefix(name, p.literals[0])
	if !ok {
		return nil, false
	}
	values = make([]string, len(p.names))
	last := len(values) - 1
	for i, literal := range p.literals[1 : last+1] {
		if tail == "" {
			return nil, false
		}
		at := strings.Index(tail[1:], literal) + 1
		if at == 0 || !matches(tail[:at], false) {
			return nil, false
		}
		values[i], tail = tail[:at], tail[at+len(literal):]
	}
	values[last], ok = strings.CutSuffix(tail, p.literals[last+1])
	return values, ok && matches(values[last], p.rest)
}

// matches reports whether a wildcard may stand for the text. Control characters
// are in no reasonable name, and one of them separates packets.
func matches(text string, slashes bool) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r == ',' || r == '/' && !slashes || unicode.IsControl(r)
	})
}
