package web

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

// text is worth compressing.
func text(what string) string { return strings.Repeat("// "+what+"\n", 100) }

// bundle is a directory as that of an official client.
func bundle() fstest.MapFS {
	all := fstest.MapFS{}
	for _, name := range []string{
		"socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.msgpack.min.js",
		"socket.io.js.map", "socket.io.min.js.map", "socket.io.esm.min.js.map", "socket.io.msgpack.min.js.map",
		"package.json", "socket.io.dev.js",
	} {
		all[name] = &fstest.MapFile{Data: []byte(text(name))}
	}
	return all
}

func TestServesTheOfficialClient(t *testing.T) {
	handler := Handler(bundle())
	for name := range bundle() {
		response := ask(t, handler, "GET", "/"+name)
		if name == "package.json" || name == "socket.io.dev.js" {
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d, which is none of the client's files", name, response.StatusCode)
			}
			continue
		}
		want := map[string]string{
			"Content-Type":     "application/javascript; charset=utf-8",
			"Cache-Control":    "public, max-age=0",
			"Vary":             "Accept-Encoding",
			"Content-Encoding": "",
			"Content-Length":   fmt.Sprint(len(text(name))),
		}
		if strings.HasSuffix(name, ".map") {
			want["Content-Type"] = "application/json; charset=utf-8"
		}
		for header, value := range want {
			if got := response.Header.Get(header); got != value {
				t.Errorf("%s: %s: %q, want %q", name, header, got, value)
			}
		}
		if body(t, response) != text(name) {
			t.Errorf("%s: the body is not the file", name)
		}
		tag := response.Header.Get("ETag")
		for _, match := range []string{tag, "W/" + tag} {
			if again := ask(t, handler, "GET", "/"+name, "If-None-Match", match); again.StatusCode != http.StatusNotModified {
				t.Errorf("%s: status %d for %s", name, again.StatusCode, match)
			}
		}
	}
	if body(t, ask(t, handler, "GET", "/brio.js")) != Script() {
		t.Error("brio.js is not served any more")
	}
}

func TestNothingElseIsServed(t *testing.T) {
	all := bundle()
	delete(all, "socket.io.min.js")
	handler := Handler(all)
	for _, path := range []string{
		"", "/", "/socket.io", "/socket.io.js/", "//socket.io.js", "/x/socket.io.js", "/../web/socket.io.js",
		"/Socket.IO.js", "/socket.io.js.gz", "/socket.io.min.js", "/brio.js.map",
	} {
		if status := ask(t, handler, "GET", path).StatusCode; status != http.StatusNotFound {
			t.Errorf("%q: status %d", path, status)
		}
	}
	if status := ask(t, Handler(nil), "GET", "/socket.io.js").StatusCode; status != http.StatusNotFound {
		t.Errorf("without a client: status %d", status)
	}
	// What is not there now may come.
	all["socket.io.min.js"] = &fstest.MapFile{Data: []byte("at last")}
	if got := body(t, ask(t, handler, "GET", "/socket.io.min.js")); got != "at last" {
		t.Errorf("a file that came later: %q", got)
	}
}

func TestTheOfficialClientIsCompressed(t *testing.T) {
	all := bundle()
	all["socket.io.js.br"] = &fstest.MapFile{Data: []byte("brotli")}
	all["socket.io.min.js.gz"] = &fstest.MapFile{Data: []byte("gzipped beforehand")}
	handler := Handler(all)
	for _, c := range []struct{ name, accept, coding, body string }{
		{"socket.io.js", "gzip, deflate, br", "br", "brotli"},
		{"socket.io.js", "gzip, br;q=0.9", "gzip", ""},
		{"socket.io.js", "br;q=0, deflate", "deflate", ""},
		{"socket.io.js", "", "", ""},
		{"socket.io.js.map", "gzip, deflate, br", "gzip", ""},
		{"socket.io.js.map", "br", "", ""},
		{"socket.io.min.js", "gzip", "gzip", "gzipped beforehand"},
		{"socket.io.min.js", "deflate", "deflate", ""},
	} {
		for range 2 { // made, then kept
			response := ask(t, handler, "GET", "/"+c.name, "Accept-Encoding", c.accept)
			if coding := response.Header.Get("Content-Encoding"); coding != c.coding {
				t.Errorf("%s, accepting %q: coding %q, want %q", c.name, c.accept, coding, c.coding)
				continue
			}
			got, want := body(t, response), c.body
			if length := response.Header.Get("Content-Length"); length != fmt.Sprint(len(got)) {
				t.Errorf("%s, accepting %q: Content-Length %s for %d bytes", c.name, c.accept, length, len(got))
			}
			if want == "" {
				got, want = decoded(t, c.coding, got), text(c.name)
			}
			if got != want {
				t.Errorf("%s, accepting %q: the body is not the file", c.name, c.accept)
			}
		}
	}
}

// broken is a file system that fails until it is repaired.
type broken struct {
	files    fstest.MapFS
	repaired bool
}

func (b *broken) Open(name string) (fs.File, error) {
	if !b.repaired {
		return nil, errors.New("input/output error")
	}
	return b.files.Open(name)
}

func TestAFailureIsNotKept(t *testing.T) {
	disk := &broken{files: bundle()}
	handler := Handler(disk)
	for _, accept := range []string{"", "gzip", "br"} {
		response := ask(t, handler, "GET", "/socket.io.js", "Accept-Encoding", accept)
		if response.StatusCode != http.StatusInternalServerError || response.Header.Get("ETag") != "" {
			t.Errorf("accepting %q: status %d, ETag %s", accept, response.StatusCode, response.Header.Get("ETag"))
		}
		if strings.Contains(body(t, response), "input/output") {
			t.Error("the client is told what failed")
		}
	}
	disk.repaired = true
	if status := ask(t, handler, "GET", "/socket.io.js").StatusCode; status != http.StatusOK {
		t.Errorf("after the repair: status %d", status)
	}
}
