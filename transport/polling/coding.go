package polling

import (
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// threshold is the size in bytes from which on an answer is worth compressing.
const threshold = 1024

// coding is a way to compress an answer (RFC 9110, section 8.4.1). Its writers
// are large, so they are pooled.
type coding struct {
	name    string
	writers sync.Pool // of compressor
}

// compressor is a writer of compress/gzip or compress/zlib.
type compressor interface {
	io.WriteCloser
	Reset(io.Writer)
}

// codings are those we know, the best first. What HTTP calls deflate is zlib.
// The fastest level takes most of what there is to gain from packets, which
// repeat themselves.
var codings = []*coding{
	{name: "gzip", writers: sync.Pool{New: func() any {
		w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // a valid level
		return w
	}}},
	{name: "deflate", writers: sync.Pool{New: func() any {
		w, _ := zlib.NewWriterLevel(nil, zlib.BestSpeed) // a valid level
		return w
	}}},
}

// choose returns the best coding that a client accepts, or nil.
func choose(accept []string) *coding {
	for _, c := range codings {
		if c.accepted(accept) {
			return c
		}
	}
	return nil
}

// accepted reads Accept-Encoding (RFC 9110, section 12.5.3): a weight of zero
// says no, and "*" speaks for those that are not named.
func (c *coding) accepted(accept []string) bool {
	others := false
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			name, weight, weighted := strings.Cut(item, ";")
			wanted := true
			if weighted {
				_, q, _ := strings.Cut(weight, "=")
				f, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
				wanted = err == nil && f > 0
			}
			switch name = strings.TrimSpace(name); {
			case strings.EqualFold(name, c.name):
				return wanted
			case name == "*":
				others = wanted
			}
		}
	}
	return others
}

// writeBody compresses body on its way out, without a buffer of its own, so
// the length is not told beforehand.
func (c *coding) writeBody(w http.ResponseWriter, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"] = contentType
	h["Cache-Control"] = noStore
	h.Set("Content-Encoding", c.name)
	z := c.writers.Get().(compressor)
	z.Reset(w)
	_, _ = z.Write(body) // see the other writeBody
	_ = z.Close()
	z.Reset(nil) // the pool must not keep the response
	c.writers.Put(z)
}
