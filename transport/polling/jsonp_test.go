package polling_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

func newPeerJSONP(t *testing.T, index string) *peer {
	p := newPeer(t)
	p.conn.Speak(transport.Format{Revision: transport.V3, Base64: true})
	p.conn.JSONP(index)
	return p
}

func TestAnswersAreScripts(t *testing.T) {
	for _, c := range []struct {
		index   string
		packets []string
		want    string
	}{
		{"0", []string{"4hello"}, `___eio[0]("6:4hello");`},
		{"12", []string{"4a", "4b"}, `___eio[12]("2:4a2:4b");`},
		{"0](alert(1));//", []string{"4a"}, `___eio[01]("2:4a");`},
		{"", []string{"4a"}, `___eio[]("2:4a");`},
		{"-1٣", []string{"4a"}, `___eio[1]("2:4a");`},
		{"0", []string{`4["a\b"]` + "\n"}, `___eio[0]("9:4[\"a\\b\"]\n");`},
		{"0", []string{"4\u2028\u2029€😀"}, `___eio[0]("6:4\u2028\u2029€😀");`},
		{"0", []string{"b\x01\x02\x03"}, `___eio[0]("6:b4AQID");`},
	} {
		p := newPeerJSONP(t, c.index)
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.conn.Write(frames(c.packets...))
		got := <-get
		got.is(t, 200, c.want)
		if h := got.header.Get("Content-Type"); h != "text/plain; charset=UTF-8" {
			t.Errorf("content type %q", h)
		}
	}
}

func TestEndOfJSONP(t *testing.T) {
	p := newPeerJSONP(t, "0")
	get := p.get(t.Context())
	p.await(t, p.ready)
	p.conn.Abort()
	(<-get).is(t, 200, `___eio[0]("1:1");`)
}

func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []string
	}{
		"plain":                 {"d=6%3A4hello", []string{"4hello"}},
		"spaces":                {"d=4:4a+b3:4%20c", []string{"4a b", "4 c"}},
		"other fields":          {"x=1&d=2:4a&dd=2:4b", []string{"4a"}},
		"unicode":               {"d=3:4%F0%9F%98%802:4%E2%82%AC", []string{"4😀", "4€"}},
		"base64":                {"d=10:b4%2F%2F%2F%2FAA%3D%3D", []string{"b\xff\xff\xff\x00"}},
		"line ends":             {`d=4:4a\nb`, []string{"4a\nb"}},
		"n behind a backslash":  {`d=4:4a\\n`, []string{`4a\n`}},
		"after two":             {`d=5:4a\\\n`, []string{`4a\\n`}},
		"after three":           {`d=6:4a\\\\n`, []string{`4a\\\n`}},
		"several":               {`d=6:4\n\\n\nn`, []string{"4\n\\n\nn"}},
		"n at the beginning":    {`d=3:4\nn`, []string{"4\nn"}},
		"other escapes":         {`d=5:4\r\t`, []string{`4\r\t`}},
		"a backslash, then one": {`d=4:4\+n`, []string{`4\ n`}},
		"escaped itself":        {`d=3:4%5Cnx`, []string{"4\nx"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeerJSONP(t, "0")
			p.postAs("application/x-www-form-urlencoded", c.body).is(t, 200, "ok")
			p.received(t, c.want...)
		})
	}
}

func TestMalformedForms(t *testing.T) {
	for _, c := range []struct {
		contentType, body string
		want              error
	}{
		{"", "", transport.ErrParse},
		{"", "2:4a", transport.ErrParse},
		{"", "D=2:4a", transport.ErrParse},
		{"", "d", transport.ErrParse},
		{"", "d=", transport.ErrParse},
		{"", "d=&d=2:4a", transport.ErrParse},
		{"", "d=2:4%", transport.ErrParse},
		{"", "d=2:4%zz", transport.ErrParse},
		{"", "d=2:4%ff", transport.ErrParse},
		{"", "d=4a", transport.ErrParse},
		{"application/octet-stream", "\x00\x02\xff4a", polling.ErrContentType},
	} {
		p := newPeerJSONP(t, "0")
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.postAs(c.contentType, c.body).is(t, 400, "")
		p.ended(t, c.want)
		(<-get).is(t, 200, `___eio[0]("1:1");`)
		p.received(t)
	}
}

// FuzzForm has any text come back from the form that a client makes of it, but
// for one that the client does not tell from another: an end of a line behind a
// backslash.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a", "\n", `\n`, `\\n`, "\n\n", "a+b&d=c%20", "😀\u2028"} {
		f.Add(s)
	}
	literal, ends := strings.NewReplacer(`\n`, "\\\n"), strings.NewReplacer("\n", `\n`)
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\\\n", "")
		if len(s) > 1000 {
			return
		}
		p := &peer{packets: make(chan string, 1), closed: make(chan error, 1)}
		p.conn = polling.New(p, 1e6, false)
		p.conn.Speak(v3)
		p.conn.JSONP("0")
		body, _ := v3.AppendPayload(nil, frames("4"+s))
		form := url.Values{"d": {ends.Replace(literal.Replace(string(body)))}}
		r := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
		(<-p.serve(r)).is(t, 200, "ok")
		if got := <-p.packets; got != "4"+s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}
