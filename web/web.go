// Package web holds brio.js, the browser client, and serves browser clients: its
// own, and the official one.
//
// brio.js is an ES module without dependencies or a build step: what a browser
// loads is what stands in this directory. Its API is that of socket.io-client 4,
// and brio.d.ts has its types. Its one transport that few need is in a module of
// its own, webtransport.js, which it loads when a page names it.
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
	"embed"
	"io/fs"
	"net/http"
)

//go:embed brio.js brio.d.ts webtransport.js
var own embed.FS

// Script returns the source of brio.js.
func Script() string {
	b, _ := own.ReadFile("brio.js") // it is there: the compiler has seen to it
	return string(b)
}

// official are the files of the official client that its own server serves. Each
// has a source map, under its name and .map.
var official = []string{
	"socket.io.js",
	"socket.io.min.js",
	"socket.io.esm.min.js",
	"socket.io.msgpack.min.js",
}

// Handler serves brio.js, brio.d.ts and webtransport.js and, from the directory
// client, what there is of the official client: socket.io.js, socket.io.min.js, socket.io.esm.min.js,
// socket.io.msgpack.min.js and their source maps. All else is not found. client
// may be nil. Paths are those names, with a slash before them or without: see
// [http.StripPrefix].
//
// It answers GET and HEAD, in the best coding that the client accepts: br, if the
// file of that name and .br is there; gzip, from a file .gz or made here; deflate,
// made here. A file is read, and compressed, when it is first asked for, and kept
// from then on. The handler may be used concurrently.
func Handler(client fs.FS) http.Handler {
	const javascript = "application/javascript; charset=utf-8" // as the official server has it
	h := handler{}
	for name, contentType := range map[string]string{
		"brio.js":         "text/javascript; charset=utf-8",
		"webtransport.js": "text/javascript; charset=utf-8",
		"brio.d.ts":       "application/typescript; charset=utf-8",
	} {
		h[name] = newFile(own, name, contentType)
	}
	if client == nil {
		return h
	}
	for _, name := range official {
		h[name] = newFile(client, name, javascript)
		h[name+".map"] = newFile(client, name+".map", "application/json; charset=utf-8")
	}
	return h
}

// handler has the files that are served, by name.
type handler map[string]*file

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Path
	if name != "" && name[0] == '/' {
		name = name[1:]
	}
	f := h[name]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	f.ServeHTTP(w, r)
}
