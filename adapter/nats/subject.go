package nats

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/briohq/brio/adapter/cluster"
)

// What a subject is for, after the prefix and the namespace.
const (
	toAll  = "all"
	toNode = "node."
	toRoom = "room."
	toID   = "id." // a room whose name has the form of a socket's id
)

const (
	maxPrefix = 128
	maxToken  = 120 // bytes of an escaped name; of longer ones there is the hash
)

// checkPrefix returns what is wrong with a prefix. No token of it looks like that of a
// namespace, so that no subject of one prefix is one of another.
func checkPrefix(prefix string) error {
	if len(prefix) > maxPrefix {
		return fmt.Errorf("prefix of %d bytes: at most %d are possible", len(prefix), maxPrefix)
	}
	for token := range strings.SplitSeq(prefix, ".") {
		if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r > 0x7f || !plain(byte(r)) }) {
			return errors.New("prefix " + prefix + ": it must be letters, digits, _ and - in parts with dots between them")
		}
	}
	return nil
}

// plain reports whether a character stands for itself in a token.
func plain(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_' || c == '-'
}

// token returns a name as a part of a subject. No two names have the same: what isn't
// plain is = and its code, and a name too long for that is ~ and its SHA-256.
func token(name string) string {
	size := len(name)
	for i := range len(name) {
		if !plain(name[i]) {
			size += 2
		}
	}
	switch {
	case name == "":
		return "="
	case size > maxToken:
		sum := sha256.Sum256([]byte(name))
		return "~" + base64.RawURLEncoding.EncodeToString(sum[:])
	case size == len(name):
		return name
	}
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, size)
	for i := range len(name) {
		if c := name[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '=', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// idSize is the length of the ids that sockets have by default.
const idSize = 20

// isID reports whether a room's name has the form of a socket's id, for which alone a
// subscription is not worth it. Publisher and subscriber must come to the same: it
// depends on the name only, and not on what it is the name of. Such a name is its own
// token.
func isID(room string) bool {
	if len(room) != idSize {
		return false
	}
	for i := range len(room) {
		if !plain(room[i]) {
			return false
		}
	}
	return true
}

// subject returns what a message is published under, in a namespace whose subjects
// begin with base.
func subject(base string, m *cluster.Message) string {
	room := m.Room()
	switch {
	case m.To != "":
		return base + toNode + token(m.To)
	case room == "":
		return base + toAll
	case isID(room):
		return base + toID + room
	}
	return base + toRoom + token(room)
}
