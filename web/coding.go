package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// coding is a way to compress content (RFC 9110 §8.4.1).
type coding struct {
	name      string
	extension string              // of files that are compressed so; empty: there are none
	compress  func([]byte) []byte // nil: it can only be found in a file
}

// identity is no coding.
var identity = &coding{compress: func(b []byte) []byte { return b }}

// codings are those we know, the best first. What HTTP calls deflate is zlib.
var codings = []*coding{
	{name: "br", extension: ".br"},
	{name: "gzip", extension: ".gz", compress: with(func(w io.Writer) (io.WriteCloser, error) {
		return gzip.NewWriterLevel(w, gzip.BestCompression)
	})},
	{name: "deflate", compress: with(func(w io.Writer) (io.WriteCloser, error) {
		return zlib.NewWriterLevel(w, zlib.BestCompression)
	})},
}

// with makes a function of a writer. It panics on an error: writing to memory has
// none.
func with(open func(io.Writer) (io.WriteCloser, error)) func([]byte) []byte {
	return func(content []byte) []byte {
		var b bytes.Buffer
		w, err := open(&b)
		if err == nil {
			_, err = w.Write(content)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			panic("web: compress: " + err.Error())
		}
		return b.Bytes()
	}
}

// accepted returns the codings that an Accept-Encoding header wants (RFC 9110
// §12.5.3), the best first: those of the highest weight, and among them in the
// order of codings. A coding that is named outweighs the wildcard, and q=0 refuses.
func accepted(header []string) []*coding {
	weights := map[string]float64{}
	for element := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, params, _ := strings.Cut(element, ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = weight(params)
	}
	of := func(c *coding) float64 {
		if q, named := weights[c.name]; named {
			return q
		}
		return weights["*"]
	}
	list := slices.DeleteFunc(slices.Clone(codings), func(c *coding) bool { return of(c) <= 0 })
	slices.SortStableFunc(list, func(a, b *coding) int { return cmp.Compare(of(b), of(a)) })
	return list
}

// weight reads the parameter q of a header's element: 1 when there is none.
func weight(params string) float64 {
	name, value, _ := strings.Cut(strings.TrimSpace(params), "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || math.IsNaN(q) {
		return 0
	}
	return q
}
