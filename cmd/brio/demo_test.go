package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps"
	"github.com/briohq/brio/apps/site"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every page is served with all it refers to, refers to nothing elsewhere, and
// tells the browser so; when the demo ends, nothing of it runs on.
func TestDemoServesAllThatItsPagesNeed(t *testing.T) {
	address, stop := startDemo(t)
	defer stop()

	reference := regexp.MustCompile(`(?:src|href|from|import)[=( ]*["'` + "`" + `]([^"'` + "`" + `]+)["'` + "`" + `]`)
	seen := map[string]bool{}
	start, _ := get(t, "http://"+address+"/")
	todo := []string{"/"}
	for _, app := range regexp.MustCompile(`data-app="(\w+)"`).FindAllStringSubmatch(start, -1) {
		todo = append(todo, "/"+app[1]+"/card.js")
	}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		if seen[path] || strings.Contains(path, "${") {
			continue
		}
		seen[path] = true
		body, header := get(t, "http://"+address+path)
		if strings.HasSuffix(path, "/") && !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s is served without a Content-Security-Policy", path)
		}
		for _, found := range reference.FindAllStringSubmatch(body, -1) {
			switch to := found[1]; {
			case strings.Contains(to, "//"):
				t.Errorf("%s refers to %s", path, to)
			case strings.HasPrefix(to, "/"):
				todo = append(todo, to)
			default:
				todo = append(todo, path[:strings.LastIndex(path, "/")+1]+strings.TrimPrefix(to, "./"))
			}
		}
	}
	for path, want := range map[string]string{"/healthz": `{"status":"ok","connections":0}`, "/readyz": `{"status":"ready","connections":0}`} {
		if body, _ := get(t, "http://"+address+path); body != want {
			t.Errorf("%s: %s", path, body)
		}
	}
	for _, path := range []string{"/shell/brio.css", "/shell/strip.js", "/socket.io/brio.js", "/chat/room.js"} {
		if !seen[path] {
			t.Errorf("no page needs %s", path)
		}
	}
}

func TestDemoSaysWhatToDoWhenThePortIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	address := listener.Addr().String()
	err = demo{Listen: address}.Run()
	if err == nil || !strings.Contains(err.Error(), "demo --listen "+another(address)) {
		t.Errorf("error %q does not say which command to try", err)
	}
}

// What is for the owner alone is on a port of this machine, and tells of the demo.
func TestDebugTellsOfTheServer(t *testing.T) {
	for _, address := range []string{"0", ":0", "127.0.0.1:0"} {
		in, err := lookInside(address)
		if err != nil {
			t.Fatal(err)
		}
		if host, _, _ := net.SplitHostPort(in.listener.Addr().String()); host != "127.0.0.1" {
			t.Errorf("--debug %s listens on %s", address, host)
		}
		server := brio.NewServer(brio.Config{Observer: in.observer()})
		in.serve(server)
		url := "http://" + in.listener.Addr().String()
		if page, _ := get(t, url+"/metrics"); !strings.Contains(page, "\nbrio_connections 0\n") {
			t.Errorf("the metrics are %s", page)
		}
		if page, _ := get(t, url+"/debug/pprof/goroutine?debug=1"); !strings.Contains(page, "goroutine profile") {
			t.Errorf("the profile is %s", page)
		}
		in.close()
		_ = server.Shutdown(t.Context())
		http.DefaultClient.CloseIdleConnections()
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := (demo{Listen: "127.0.0.1:0", Debug: taken.Addr().String()}).Run(); err == nil || !strings.Contains(err.Error(), "--debug") {
		t.Errorf("a port that is taken: %v", err)
	}
	none, err := lookInside("")
	if none.serve(nil); none.observer() != nil || err != nil {
		t.Error("without an address there is something to look at")
	}
	none.close()
}

func TestAnotherAddress(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:3000": "127.0.0.1:3001",
		":80":            ":81",
		"[::1]:8080":     "[::1]:8081",
		"host:65535":     "127.0.0.1:0",
		"host:http":      "127.0.0.1:0",
	} {
		if got := another(address); got != want {
			t.Errorf("instead of %s: %s, want %s", address, got, want)
		}
	}
}

func startDemo(t *testing.T) (address string, stop func()) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := site.Open(site.Config{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, s, apps.All(s)) }()

	return listener.Addr().String(), func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
}

func get(t *testing.T, url string) (string, http.Header) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", url, response.Status)
	}

	return string(body), response.Header
}
