package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// file is one file as it is served.
type file struct {
	fsys        fs.FS
	name        string
	contentType string

	mu   sync.Mutex // guards made, and is held while one is made
	made map[*coding]*representation
}

// representation is a file in one content coding. Each has a tag of its own: a
// strong ETag names bytes. Without a body there is none in that coding.
type representation struct {
	coding *coding
	etag   string
	body   []byte
}

func newFile(fsys fs.FS, name, contentType string) *file {
	return &file{fsys: fsys, name: name, contentType: contentType, made: map[*coding]*representation{}}
}

func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	chosen, err := f.choose(r.Header.Values("Accept-Encoding"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.NotFound(w, r)
		return
	case err != nil:
		http.Error(w, f.name+" can't be read", http.StatusInternalServerError)
		return
	}

	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "public, max-age=0")
	h.Set("ETag", chosen.etag)
	h.Add("Vary", "Accept-Encoding")
	if chosen.coding != identity {
		h.Set("Content-Encoding", chosen.coding.name)
		h.Set("Content-Length", strconv.Itoa(len(chosen.body)))
	}
	// It answers If-None-Match, HEAD and Range.
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(chosen.body))
}

// choose returns the file in the best coding there is.
func (f *file) choose(accept []string) (*representation, error) {
	for _, c := range accepted(accept) {
		if r, err := f.in(c); err != nil || r.body != nil {
			return r, err
		}
	}
	return f.in(identity)
}

// in returns the file in a coding. A failure is not kept: the next one who asks
// tries again.
func (f *file) in(c *coding) (*representation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r := f.made[c]; r != nil {
		return r, nil
	}
	body, err := f.read(c)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	r := &representation{coding: c, etag: strconv.Quote(hex.EncodeToString(sum[:8])), body: body}
	f.made[c] = r
	return r, nil
}

// read returns the content in a coding, which may lie in a file of its own; nil
// if there is none.
func (f *file) read(c *coding) ([]byte, error) {
	if c.extension != "" {
		body, err := fs.ReadFile(f.fsys, f.name+c.extension)
		if !errors.Is(err, fs.ErrNotExist) {
			return body, err
		}
	}
	if c.compress == nil {
		return nil, nil
	}
	body, err := fs.ReadFile(f.fsys, f.name)
	if err != nil {
		return nil, err
	}
	return c.compress(body), nil
}
