package msgpack

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio/internal/jsonstring"
	"github.com/briohq/brio/protocol"
)

// appendString appends s as JSON.stringify writes it.
func appendString(dst, s []byte) ([]byte, error) {
	if !utf8.Valid(s) {
		return dst, fmt.Errorf("%w: a string is not UTF-8", protocol.ErrSyntax)
	}
	return jsonstring.Append(dst, s), nil
}

// appendFloat appends f as JSON.stringify writes it: null if it is not finite,
// exponents only for what is very small or large (ECMA-262, Number::toString).
func appendFloat(dst []byte, f float64) []byte {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return append(dst, "null"...)
	case f == 0: // not -0
		return append(dst, '0')
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' { // e-07
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// maxDate is how many milliseconds a JavaScript Date may be away from 1970
// (ECMA-262, Time Values and Time Range).
const maxDate = 864e13

// appendDate appends a date as JSON.stringify writes it: null if there is no such
// Date, six digits and a sign for years that need it.
func appendDate(dst []byte, ms int64) []byte {
	if ms > maxDate || ms < -maxDate {
		return append(dst, "null"...)
	}
	t := time.UnixMilli(ms).UTC()
	year := t.Year()
	dst = append(dst, '"')
	if year < 0 || year > 9999 {
		dst = fmt.Appendf(dst, "%+07d", year)
	} else {
		dst = fmt.Appendf(dst, "%04d", year)
	}
	return t.AppendFormat(dst, `-01-02T15:04:05.000Z"`)
}
