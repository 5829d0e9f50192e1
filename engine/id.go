package engine

import (
	"crypto/rand"
	"encoding/base64"
	"sync/atomic"
)

var counter atomic.Uint32

// NewID returns a new id for a session, or for anything else that must be as
// hard to guess: 12 random bytes and a counter of 3, which makes the 20
// characters that other implementations of the protocol expect of an id.
func NewID() string {
	var b [15]byte
	_, _ = rand.Read(b[:12]) // never fails
	n := counter.Add(1)
	b[12], b[13], b[14] = byte(n>>16), byte(n>>8), byte(n)
	return base64.RawURLEncoding.EncodeToString(b[:])
}
