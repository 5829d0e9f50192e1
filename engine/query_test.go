package engine

import (
	"net/url"
	"strings"
	"testing"
)

var queries = []string{
	"",
	"EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAB&t=P7kjqpd",
	"EIO=3&transport=polling&b64=1&j=0",
	"sid", "sid=", "=sid", "=", "&", "&&sid=a&", "sid&sid=b", "sid=a&sid=b", "sid=&sid=b", "j", "j=", "j&j=1",
	"sid=a=b", "sid==", "xsid=a", "sidx=a&sid=b", "SID=a&sid=b",
	"%73id=a", "s%69%64=b", "sid=%61%62", "sid=a+b", "+sid=a&sid=b", "sid+=a", "%2Bsid=a",
	"sid=%", "sid=%&sid=b", "sid=%zz&sid=b", "%sid=a&sid=b", "sid%=a&sid=b", "sid=%6&sid=%61",
	"sid=a;b&sid=c", "a;sid=b", ";sid=a&sid=b", "sid;=a", "sid=%3B", "%3Bsid=a",
	"sid=\x00", "sid=\xff%ff", "sid=é", "%C3%A9=a", "sid=%00&sid=b", "sid=a#b", "sid=a?b", "?sid=a",
}

// asByURL checks that a query is read as net/url reads it.
func asByURL(t *testing.T, raw string) {
	t.Helper()
	values, _ := url.ParseQuery(raw) // the error is about what was left out
	q := parseQuery(raw)
	for _, key := range []string{"EIO", "transport", "sid", "b64", "j"} {
		got, want := *q.param(key), param{values.Get(key), values.Has(key)}
		if got != want {
			t.Errorf("%q: %s is %+v, want %+v", raw, key, got, want)
		}
	}
}

func TestQueryIsReadAsByURL(t *testing.T) {
	for _, raw := range queries {
		asByURL(t, raw)
	}
}

func TestQueryIsReadInPlace(t *testing.T) {
	const raw = "EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAB&t=P7kjqpd"
	if n := testing.AllocsPerRun(100, func() { _ = parseQuery(raw) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, raw := range queries {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if strings.Count(raw, "&") >= 1000 {
			return // net/url refuses thousands
		}
		asByURL(t, raw)
	})
}

func BenchmarkParseQuery(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = parseQuery("EIO=4&transport=polling&sid=lv_VI97HAXpY6yYWAAAB&t=P7kjqpd")
	}
}
