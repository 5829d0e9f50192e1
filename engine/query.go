package engine

import (
	"net/url"
	"strings"
)

// query has the parameters of a request's URL that mean something here.
type query struct{ revision, transport, session, base64, script param }

// param is the first value of a parameter, if there is one.
type param struct {
	value string
	set   bool
}

// parseQuery reads a query as [url.ParseQuery] does: pairs that are malformed, or
// have a semicolon, don't count. Each polling request has a query, so it is read
// in place, for a map would be a good part of a request's garbage.
func parseQuery(raw string) (q query) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if strings.IndexByte(pair, ';') >= 0 {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		p := q.param(key)
		if err != nil || p == nil || p.set {
			continue
		}
		value, err = url.QueryUnescape(value)
		if err == nil {
			*p = param{value, true}
		}
	}
	return q
}

// param returns the place of a parameter, nil for those that mean nothing.
func (q *query) param(key string) *param {
	switch key {
	case "EIO":
		return &q.revision
	case "transport":
		return &q.transport
	case "sid":
		return &q.session
	case "b64":
		return &q.base64
	case "j":
		return &q.script
	}
	return nil
}
