package brio_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/protocol/msgpack"
)

// behind returns a way to GET from a server with that Config, and to POST if
// there is a body. Its clients are sent something large. It is shut down at the
// end of the test.
func behind(t *testing.T, config brio.Config) func(query, body string) (*http.Response, string) {
	t.Helper()
	s := brio.NewServer(config)
	s.Of("/").OnConnect(func(_ context.Context, socket *brio.Socket) error {
		return socket.Emit("large", strings.Repeat("x", 2000))
	})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // there is no client to say goodbye to
		_ = s.Shutdown(ctx)
	})
	return func(query, body string) (*http.Response, string) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		method := "GET"
		if body != "" {
			method = "POST"
		}
		r, _ := http.NewRequestWithContext(ctx, method, h.URL+"/socket.io/?EIO=4&"+query, strings.NewReader(body))
		r.Header.Set("Accept-Encoding", "gzip")
		response, err := h.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(answer)
	}
}

func TestConfigOfHandshakes(t *testing.T) {
	var refused []string
	get := behind(t, brio.Config{
		Transports: []string{"polling"},
		AllowRequest: func(r *http.Request) error {
			if r.URL.Query().Has("banned") {
				return errors.New("banned")
			}
			return nil
		},
		Observer: &brio.Observer{Refused: func(_ *http.Request, code int, message string) {
			refused = append(refused, fmt.Sprint(code, " ", message))
		}},
		Cookie:  func(id string) *http.Cookie { return &http.Cookie{Name: "io", Value: id} },
		Headers: func(h http.Header, _ *http.Request) { h.Set("X-Node", "a") },
	})
	if r, body := get("transport=websocket", ""); r.StatusCode != 400 {
		t.Errorf("websocket: %d %s", r.StatusCode, body)
	}
	if r, body := get("transport=polling&banned", ""); r.StatusCode != 403 || body != `{"code":4,"message":"banned"}` {
		t.Errorf("banned: %d %s", r.StatusCode, body)
	}
	if got := strings.Join(refused, ", "); got != "0 Transport unknown, 4 banned" {
		t.Errorf("refused: %s", got)
	}
	r, body := get("transport=polling", "")
	if !strings.Contains(body, `"upgrades":[]`) {
		t.Errorf("handshake: %s", body)
	}
	if cookie := r.Header.Get("Set-Cookie"); len(cookie) != len("io=")+20 || !strings.Contains(body, cookie[3:]) {
		t.Errorf("cookie %q", cookie)
	}
	if got := r.Header.Get("X-Node"); got != "a" {
		t.Errorf("header %q", got)
	}
}

func TestConfigNoUpgrade(t *testing.T) {
	get := behind(t, brio.Config{NoUpgrade: true})
	if _, body := get("transport=polling", ""); !strings.Contains(body, `"upgrades":[]`) {
		t.Errorf("handshake: %s", body)
	}
}

func TestConfigNoCompression(t *testing.T) {
	for _, off := range []bool{false, true} {
		get := behind(t, brio.Config{
			NoCompression: off,
			Cookie:        func(id string) *http.Cookie { return &http.Cookie{Name: "io", Value: id} },
		})
		first, _ := get("transport=polling", "")
		session := "transport=polling&sid=" + first.Cookies()[0].Value
		get(session, "40")
		coding := ""
		for answer := ""; !strings.Contains(answer, "large") && coding == ""; {
			var r *http.Response
			r, answer = get(session, "")
			coding = r.Header.Get("Content-Encoding")
		}
		if want := map[bool]string{false: "gzip", true: ""}[off]; coding != want {
			t.Errorf("NoCompression %v: encoding %q", off, coding)
		}
	}
}

func TestConfigOfSessions(t *testing.T) {
	for name, c := range map[string]struct {
		codec protocol.Codec
		want  string
	}{
		"text":  {nil, `42["hello"]`},
		"codec": {msgpack.Codec{}, "b" + base64.StdEncoding.EncodeToString([]byte(`2["hello"]`))},
	} {
		ids := 0
		get := behind(t, brio.Config{
			Codec:         c.codec,
			InitialPacket: []byte(`2["hello"]`),
			NewID: func(*http.Request) (string, error) {
				ids++
				if ids > 1 {
					return "", errors.New("only one")
				}
				return "mine", nil
			},
		})
		_, body := get("transport=polling", "")
		if open, rest, _ := strings.Cut(body, "\x1e"); !strings.HasPrefix(open, `0{"sid":"mine",`) || rest != c.want {
			t.Errorf("%s: %q, want the id mine and %q", name, body, c.want)
		}
		if r, body := get("transport=polling", ""); r.StatusCode != 400 || body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%s: %d %s", name, r.StatusCode, body)
		}
	}
}

func TestInitialPacketIsUTF8(t *testing.T) {
	if !panics(func() { brio.NewServer(brio.Config{InitialPacket: []byte("2[\"\xff\"]")}) }) {
		t.Error("no panic")
	}
}
