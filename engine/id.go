package engine

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
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

// longestID is how many bytes an id of Config.NewID may have.
const longestID = 256

var (
	errID      = errors.New("the session id is empty, too long, or not of visible ASCII characters")
	errTakenID = errors.New("there is a session with that id")
)

// claim returns the id of the session that a request begins. Until it is
// released no other session gets the same one, nor while the session lives.
func (s *Server) claim(r *http.Request) (string, error) {
	if s.config.NewID == nil {
		return NewID(), nil
	}
	id, err := s.config.NewID(r)
	if err != nil {
		return "", err
	}
	if !visible(id) {
		return "", errID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id] != nil || s.claimed[id] {
		return "", errTakenID
	}
	s.claimed[id] = true
	return id, nil
}

// release ends a claim: the session is known, or there is none.
func (s *Server) release(id string) {
	if s.config.NewID == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.claimed, id)
}

// visible reports whether an id may be one.
func visible(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return id != "" && len(id) <= longestID
}
