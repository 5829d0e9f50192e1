package load

import (
	"strings"
	"testing"
)

func TestAnswersOfHTTP(t *testing.T) {
	for name, one := range map[string]struct {
		answer string
		status int
		body   string
		last   bool
	}{
		"length":   {"HTTP/1.1 200 OK\r\ncontent-length:  2\r\n\r\nok", 200, "ok", false},
		"empty":    {"HTTP/1.1 204\r\n\r\n", 204, "", false},
		"closing":  {"HTTP/1.1 400 Bad Request\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nx", 400, "x", true},
		"chunks":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n40\r\nA\r\n0123456789\r\n0\r\n\r\n", 200, "400123456789", false},
		"no chunk": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 200, "", false},
	} {
		for cut := range one.answer {
			if _, ok, err := parseResponse([]byte(one.answer[:cut])); ok || err != nil {
				t.Errorf("%s: %q is taken for complete: %v", name, one.answer[:cut], err)
			}
		}
		r, ok, err := parseResponse([]byte(one.answer + "HTTP/1.1"))
		if !ok || err != nil || r.status != one.status || string(r.body) != one.body || r.size != len(one.answer) || r.last != one.last {
			t.Errorf("%s: %+v, %v, %v", name, r, ok, err)
		}
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	for _, answer := range []string{
		"SSH-2.0-x\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
		strings.Repeat("x", maxHead),
	} {
		if r, ok, err := parseResponse([]byte(answer)); err == nil {
			t.Errorf("%.60q: %+v, %v", answer, r, ok)
		}
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok, err := parseResponse(b)
		if ok && (err != nil || r.size <= 0 || r.size > len(b) || len(r.body) > len(b)) {
			t.Errorf("%q: %+v, %v", b, r, err)
		}
	})
}
