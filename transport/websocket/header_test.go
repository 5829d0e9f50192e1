package websocket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHeadersOfTheHandshake(t *testing.T) {
	poller := testPoller(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		for _, name := range reserved {
			w.Header().Set(name, "7")
		}
		c, err := Accept(w, q, newRecorder(), limit, nil, poller)
		if err != nil {
			t.Error(err)
			return
		}
		c.Refuse()
	}))
	defer server.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	for name, value := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket",
		"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		r.Header.Set(name, value)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if got := strings.Join(response.Header.Values("Set-Cookie"), ","); got != "a=1,b=2" || response.StatusCode != 101 {
		t.Errorf("answer %d, cookies %q", response.StatusCode, got)
	}
	for name, want := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "websocket", "Sec-Websocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
		"Sec-Websocket-Extensions": "", "Sec-Websocket-Protocol": "", "Content-Length": "", "Transfer-Encoding": "",
	} {
		if got := strings.Join(response.Header.Values(name), ","); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
