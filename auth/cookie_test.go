package auth

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio"
)

// log is what a server has logged.
type log struct {
	mu   sync.Mutex // guards text
	text strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.text.String()
}

// listen serves on a port of this machine who signs in with a cookie.
func listen(t *testing.T, config brio.Config) (*httptest.Server, *log) {
	t.Helper()
	logged := &log{}
	config.Logger = slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config.Observer = &brio.Observer{Refused: func(r *http.Request, code int, message string) {
		config.Logger.Debug("refused", "remote", r.RemoteAddr, "code", code, "message", message)
	}}
	server := brio.NewServer(config)
	New(server.Of("/"), Config[who]{Keys: HMAC(secret), Cookie: "session"})
	h := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // nobody polls any more who would be told
		_ = server.Shutdown(ctx)
		h.Close()
	})

	return h, logged
}

// over connects as a browser does for a page of an origin, and returns what the server
// answers to that, or to CONNECT.
func over(t *testing.T, h *httptest.Server, way, origin, cookie string) string {
	t.Helper()
	header := http.Header{"Cookie": {"theme=dark; session=" + cookie}}
	if origin != "" {
		header.Set("Origin", origin)
	}
	if way == "polling" {
		return poll(t, h, header)
	}
	dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP(header)}
	c, early, _, err := dialer.Dial(t.Context(), "ws"+h.URL[len("http"):]+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	both := struct {
		io.Reader
		io.Writer
	}{c, c}
	if early != nil {
		both.Reader = early
	}
	if _, err := wsutil.ReadServerText(both); err != nil {
		return err.Error()
	}
	if err := wsutil.WriteClientText(c, []byte("40")); err != nil {
		return err.Error()
	}
	answer, err := wsutil.ReadServerText(both)
	if err != nil {
		return err.Error()
	}

	return string(answer)
}

func poll(t *testing.T, h *httptest.Server, header http.Header) string {
	t.Helper()
	url := h.URL + "/socket.io/?EIO=4&transport=polling"
	do := func(method, url, body string) (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		answer, err := h.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)

		return answer.StatusCode, string(text)
	}
	status, text := do(http.MethodGet, url, "")
	if status != http.StatusOK {
		return text
	}
	var open struct{ SID string }
	if err := json.Unmarshal([]byte(text[1:]), &open); err != nil {
		t.Fatal(err)
	}
	url += "&sid=" + open.SID
	do(http.MethodPost, url, "40")
	_, text = do(http.MethodGet, url, "")

	return text
}

// Whoever has the cookie of a user may be another site's page, in the user's browser:
// it is not let in.
func TestCookieOfAnotherSite(t *testing.T) {
	const evil, app = "https://evil.example", "https://app.example"
	good := token(t, nil)
	for title, c := range map[string]struct {
		origins []string
		origin  string
		cookie  string
		want    string
	}{
		"its own page":                    {nil, "self", good, `"sid"`},
		"no page":                         {nil, "", good, `"sid"`},
		"another site's":                  {nil, evil, good, "Forbidden"},
		"one that is called similarly":    {nil, "self.evil.example", good, "Forbidden"},
		"a sandbox":                       {nil, "null", good, "Forbidden"},
		"the page of the application":     {[]string{app}, app, good, `"sid"`},
		"another site's than that":        {[]string{app}, evil, good, "Forbidden"},
		"where all may come, another's":   {[]string{"*"}, evil, good, Missing},
		"where all may come, a named one": {[]string{"*", app}, app, good, `"sid"`},
		"a bad token":                     {nil, "self", good + "x", Invalid},
		"no token":                        {nil, "self", "", Missing},
	} {
		h, logged := listen(t, brio.Config{Origins: c.origins})
		origin := strings.Replace(c.origin, "self", h.URL, 1)
		for _, way := range []string{"polling", "websocket"} {
			got := over(t, h, way, origin, c.cookie)
			// That of a WebSocket is refused with status 400, whose body its dialer does not show.
			refused := way == "websocket" && c.want == "Forbidden" && strings.Contains(got, "status")
			if !strings.Contains(got, c.want) && !refused {
				t.Errorf("%s, over %s: %s, want %s", title, way, got, c.want)
			}
			if strings.Contains(got, good[:20]) {
				t.Errorf("%s, over %s: the client is told its token: %s", title, way, got)
			}
		}
		if text := logged.String(); strings.Contains(text, good[:20]) || strings.Contains(text, good[len(good)-20:]) || strings.Contains(text, "theme=dark") {
			t.Errorf("%s: the log has a cookie:\n%s", title, text)
		}
	}
}
