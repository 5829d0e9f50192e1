package polling

import (
	"net/http"
	"strconv"
)

// The headers of answers. They are shared by all of them, which [http.Header.Set]
// would not do, and never written to.
var (
	typeText   = []string{"text/plain; charset=UTF-8"}
	typeHTML   = []string{"text/html"}
	typeOctets = []string{octets}
	noStore    = []string{"no-store"}
)

var okay = []byte("ok")

// answer answers a GET.
func (c *Conn) answer(w http.ResponseWriter, r *http.Request, p payload) {
	contentType := typeText
	if p.binary {
		contentType = typeOctets
	}
	noXSSFilter(w, r)
	body := p.body.b
	if !c.compress || p.plain || len(body) < threshold {
		writeBody(w, contentType, body)
		return
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if coding := choose(r.Header.Values("Accept-Encoding")); coding != nil {
		coding.writeBody(w, contentType, body)
	} else {
		writeBody(w, contentType, body)
	}
}

func writeBody(w http.ResponseWriter, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Cache-Control"] = noStore
	if len(body) < threshold {
		h.Del("Content-Length") // net/http adds that of a small body by itself, without garbage
	} else {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	_, _ = w.Write(body) // a client that has gone is noticed by the next request or the heartbeat
}
