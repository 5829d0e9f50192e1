// Package web holds brio.js, the browser client, and serves it.
//
// brio.js is one ES module without dependencies or a build step: what a browser
// loads is what stands in this directory. Its API is that of socket.io-client 4.
// A page on the server's own origin needs nothing else:
//
//	<script type="module">
//		import { io } from "/socket.io/brio.js";
//		io("/chat").on("said", console.log);
//	</script>
//
// Browsers ask again each time whether their copy is still the newest one; the
// answer is a 304 of no body, told by a hash of the content.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed brio.js
var source string

// Script returns the source of brio.js.
func Script() string { return source }

// Handler serves brio.js at whatever path it is mounted, by GET and HEAD,
// compressed for those who accept gzip. It may be used concurrently.
func Handler() http.Handler { return http.HandlerFunc(serve) }

// representation is brio.js in one content coding. Each has a tag of its own: a
// strong ETag names bytes.
type representation struct {
	coding string // empty: as it is
	etag   string
	body   []byte
}

// representations are made when the first request asks for one.
var representations = sync.OnceValues(func() (plain, zipped representation) {
	sum := sha256.Sum256([]byte(source))
	hash := hex.EncodeToString(sum[:8])
	plain = representation{etag: strconv.Quote(hash), body: []byte(source)}
	zipped = representation{coding: "gzip", etag: strconv.Quote(hash + "-gzip"), body: compress(source)}
	return plain, zipped
})

// compress panics on an error: writing to memory has none.
func compress(text string) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write([]byte(text))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("web: compress brio.js: " + err.Error())
	}
	return b.Bytes()
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	chosen, zipped := representations()
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		chosen = zipped
	}

	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("ETag", chosen.etag)
	h.Add("Vary", "Accept-Encoding")
	if chosen.coding != "" {
		h.Set("Content-Encoding", chosen.coding)
		h.Set("Content-Length", strconv.Itoa(len(chosen.body)))
	}
	// It answers If-None-Match, HEAD and Range.
	http.ServeContent(w, r, "brio.js", time.Time{}, bytes.NewReader(chosen.body))
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 §12.5.3). A coding named
// outright outweighs the wildcard, and q=0 refuses.
func acceptsGzip(header []string) bool {
	wildcard := false
	for coding := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "gzip":
			return weight(params) > 0
		case "*":
			wildcard = weight(params) > 0
		}
	}
	return wildcard
}

// weight reads the parameter q of a header's element: 1 when there is none.
func weight(params string) float64 {
	name, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}
