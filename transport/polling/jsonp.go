package polling

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"

	"github.com/briohq/brio/internal/jsonstring"
	"github.com/briohq/brio/transport"
)

// JSONP serves a client that loads its answers as scripts and submits forms
// (Engine.IO protocol v3, "JSONP"). The index, of which only the digits count,
// says which of the page's functions a script calls. The format has to be one
// without binary payloads. It is called before the first request is served.
func (c *Conn) JSONP(index string) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, index)
	c.callback = "___eio[" + digits + "]"
}

// appendScript writes a script that passes a payload to its page. Scripts of old
// can't have two characters in a string that JSON may have.
func appendScript(dst []byte, callback string, payload []byte) []byte {
	text := jsonstring.Append(nil, payload)
	text = bytes.ReplaceAll(text, []byte("\u2028"), []byte(`\u2028`))
	text = bytes.ReplaceAll(text, []byte("\u2029"), []byte(`\u2029`))
	dst = append(append(dst, callback...), '(')
	return append(append(dst, text...), ");"...)
}

// readForm returns the payload in a submitted form, whose field d has it.
func readForm(body []byte) ([]byte, error) {
	for field := range bytes.SplitSeq(body, []byte("&")) {
		value, ok := bytes.CutPrefix(field, []byte("d="))
		if !ok {
			continue
		}
		text, err := url.QueryUnescape(string(value))
		if err != nil {
			return nil, fmt.Errorf("%w: form: %w", transport.ErrParse, err)
		}
		return readLines([]byte(text)), nil
	}
	return nil, fmt.Errorf("%w: form without payload", transport.ErrParse)
}

// readLines undoes, in place, what keeps browsers from changing line ends: \n
// stands for one, and \\n for \n itself. Of more backslashes the last is taken
// away.
func readLines(b []byte) []byte {
	out, slashes := b[:0], 0
	for _, c := range b {
		switch {
		case c == '\\':
			slashes++
		case c == 'n' && slashes > 0:
			out = out[:len(out)-1]
			if slashes == 1 {
				c = '\n'
			}
			slashes = 0
		default:
			slashes = 0
		}
		out = append(out, c)
	}
	return out
}
