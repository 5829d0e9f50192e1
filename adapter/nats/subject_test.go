package nats

import (
	"strings"
	"testing"

	"github.com/briohq/brio/adapter/cluster"
)

func TestToken(t *testing.T) {
	long := strings.Repeat("x", maxToken)
	for name, want := range map[string]string{
		"":              "=",
		"lobby":         "lobby",
		"/":             "=2F",
		"a.b *>":        "a=2Eb=20=2A=3E",
		"ü":             "=C3=BC",
		"=2F":           "=3D2F",
		"~x":            "=7Ex",
		"\x00\r\n":      "=00=0D=0A",
		long:            long,
		long + "y":      "~ZrN6w0cAqb98YZTXK-T0NaIYpfdWfEOe0i-9ryeWj1Q",
		"/" + long[2:]:  "~JQ_8PYBP7vB0p7CajW0LdlIlOpJC2rmIXazZ-IzmSsU",
		"/" + long[:90]: "=2F" + long[:90],
	} {
		if got := token(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

// No two names are the same token, and each token is a legal one.
func FuzzToken(f *testing.F) {
	long := strings.Repeat("x", 200)
	for _, pair := range [][2]string{{"", "="}, {"/", "=2F"}, {"a", "A"}, {"=3D", "="}, {long, long + "x"}, {"~", "=7E"}, {"\xff", "\xfe"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		one, other := token(a), token(b)
		if (a == b) != (one == other) {
			t.Errorf("%q is %s, %q is %s", a, one, b, other)
		}
		for _, s := range []string{one, other} {
			if s == "" || len(s) > maxToken || strings.ContainsFunc(s, func(r rune) bool { return r > 0x7f || !plain(byte(r)) && r != '=' && r != '~' }) {
				t.Errorf("%q is no token", s)
			}
		}
		if isID(a) && one != a {
			t.Errorf("the id %q is %s", a, one)
		}
	})
}

func TestSubject(t *testing.T) {
	const id = "abcdefghij-klm_90XYZ"
	to := func(rooms ...string) *cluster.Data { return &cluster.Data{Options: &cluster.Options{Rooms: rooms}} }
	asked := to("r")
	asked.RequestID = "1"
	for want, m := range map[string]*cluster.Message{
		"all":                         {Type: cluster.Broadcast, Data: to()},
		"all ":                        {Type: cluster.Broadcast, Data: to("a", "b")},
		"all  ":                       {Type: cluster.Broadcast, Data: to("")},
		"all   ":                      {Type: cluster.Broadcast, Data: asked},
		"all    ":                     {Type: cluster.Join, Data: to("r")},
		"all     ":                    {Type: cluster.Heartbeat},
		"room.r":                      {Type: cluster.Broadcast, Data: to("r")},
		"room.a=2Eb":                  {Type: cluster.Broadcast, Data: to("a.b")},
		"room.=2Fx=23" + id:           {Type: cluster.Broadcast, Data: to("/x#" + id)},
		"id." + id:                    {Type: cluster.Broadcast, Data: to(id)},
		"room.abcdefghij=2Eklm_90XYZ": {Type: cluster.Broadcast, Data: to("abcdefghij.klm_90XYZ")},
		"node.n":                      {Type: cluster.Fetched, To: "n"},
	} {
		if got := subject("", m); got != strings.TrimSpace(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, good := range []string{"brio", "a.b-c.D_9"} {
		if err := checkPrefix(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{".", "a.", "a..b", "a b", "*", "a.>", "=2F", "ü", strings.Repeat("x", maxPrefix+1)} {
		if checkPrefix(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
