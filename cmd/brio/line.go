package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/briohq/brio"
)

// line is an event as it is typed.
type line struct {
	event string
	args  []any
	ask   bool // for an acknowledgement
}

// parseLine reads an event: event arg arg…, or ["event",arg,arg…]. One that asks for an
// acknowledgement is event? arg…, or ?["event",…].
func parseLine(text string) (line, error) {
	text = strings.TrimSpace(text)
	array, ask := strings.CutPrefix(text, "?")
	if array = strings.TrimSpace(array); strings.HasPrefix(array, "[") {
		l, err := parseArray(array)
		l.ask = ask
		return l, err
	}
	event, rest, _ := strings.Cut(text, " ")
	event, ask = strings.CutSuffix(event, "?")
	if event == "" {
		return line{}, errors.New(`want an event first: event arg…, or ["event",arg…]`)
	}
	l := line{event: event, ask: ask}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		var word string
		word, rest = nextWord(rest)
		l.args = append(l.args, argument(word))
	}

	return l, nil
}

func parseArray(text string) (line, error) {
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return line{}, fmt.Errorf("not a JSON array: %w", err)
	}
	l := line{}
	if len(list) == 0 || json.Unmarshal(list[0], &l.event) != nil || l.event == "" {
		return line{}, errors.New(`want the event first: ["event",arg…]`)
	}
	for _, raw := range list[1:] {
		l.args = append(l.args, raw)
	}

	return l, nil
}

// nextWord splits text at its first space that is not within JSON.
func nextWord(text string) (word, rest string) {
	d := json.NewDecoder(strings.NewReader(text))
	var value json.RawMessage
	if d.Decode(&value) == nil {
		end := int(d.InputOffset())
		if end == len(text) || unicode.IsSpace(rune(text[end])) {
			return text[:end], text[end:]
		}
	}
	if i := strings.IndexFunc(text, unicode.IsSpace); i >= 0 {
		return text[:i], text[i:]
	}

	return text, ""
}

// argument returns the JSON that text is, or else the string.
func argument(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

// values returns arguments as JSON, without line breaks. A binary attachment is
// {"base64":"…"} there.
func values(args brio.Args) []json.RawMessage {
	list := make([]json.RawMessage, args.Len())
	for i := range list {
		list[i] = value(args.Raw(i), args.Attachments())
	}
	return list
}

func value(raw json.RawMessage, attachments [][]byte) json.RawMessage {
	if len(attachments) > 0 {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			return encode(filled(v, attachments))
		}
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return encode(string(raw))
	}
	return b.Bytes()
}

// filled returns v with attachments in the places that are held for them.
func filled(v any, attachments [][]byte) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = filled(v[i], attachments)
		}
	case map[string]any:
		number, _ := v["num"].(json.Number)
		n, err := number.Int64()
		if v["_placeholder"] == true && err == nil && n >= 0 && n < int64(len(attachments)) {
			return map[string]string{"base64": base64.StdEncoding.EncodeToString(attachments[n])}
		}
		for name := range v {
			v[name] = filled(v[name], attachments)
		}
	}
	return v
}

// encode returns JSON of what has no HTML to be afraid of.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings, numbers, and what holds them
	return bytes.TrimSpace(b.Bytes())
}

// clean returns text with control characters escaped, those for the direction of
// writing included: what a server sends must not steer a terminal.
func clean(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
