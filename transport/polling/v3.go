package polling

import (
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/briohq/brio/transport"
)

// octets is the content type of a binary payload, which revision 3 has.
const octets = "application/octet-stream"

// Speak sets the form in which packets come and go. It is called before the
// first request is served. Default: that of [transport.V4].
func (c *Conn) Speak(f transport.Format) { c.format = f }

// takesBinary reports whether the body of a POST may be a binary payload. That
// of a JSONP client comes from an HTML form.
func (c *Conn) takesBinary() bool {
	return c.format.Revision == transport.V3 && c.callback == ""
}

// isBinary reports whether a content type is that of a binary payload. All but
// few clients have one and the same, which need not be parsed.
func isBinary(contentType string) bool {
	if contentType == "text/plain;charset=UTF-8" {
		return false
	}
	media, _, _ := mime.ParseMediaType(contentType)
	return media == octets
}

func (c *Conn) encode(frames []*transport.Frame) payload {
	b := newBuffer()
	body, binary := c.format.AppendPayload(b.b, frames)
	plain := !slices.ContainsFunc(frames, (*transport.Frame).Compressible)
	if c.callback != "" {
		body = appendScript(nil, c.callback, body)
	}
	b.b = body
	return payload{b, binary && c.callback == "", plain}
}

// decode calls receive with the packets of a POST.
func (c *Conn) decode(body []byte, binary bool, receive func(transport.Packet) bool) error {
	if c.callback != "" {
		var err error
		if body, err = readForm(body); err != nil {
			return err
		}
	}
	return c.format.DecodePayload(body, binary, receive)
}

// noXSSFilter keeps old versions of Internet Explorer from taking packets for
// cross-site scripting.
func noXSSFilter(w http.ResponseWriter, r *http.Request) {
	agent := r.UserAgent()
	if strings.Contains(agent, "MSIE ") || strings.Contains(agent, "Trident/") {
		w.Header().Set("X-XSS-Protection", "0")
	}
}
