//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"

	"github.com/briohq/brio"
)

// message is one of the numbered messages of a client. A network that changes bytes
// changes its sum, too, but not to the right one.
type message struct {
	Client string `json:"client"`
	N      int    `json:"n"`
	Sum    uint32 `json:"sum"`
}

func (m message) line() string { return fmt.Sprintf("%s %d", m.Client, m.N) }

// answer is the sum of a message that has been kept, and that of the answer.
func (m message) answer() string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte("kept "+m.line())))
}

// handle adds the handlers of the suite.
func handle(ns *brio.Namespace, notes *journal) {
	ns.On("echo", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack(args) })
	ns.On("keep", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		var m message
		if err := args.Scan(&m); err != nil || m.Sum != crc32.ChecksumIEEE([]byte(m.line())) {
			return nil // without an acknowledgement it is sent again
		}
		if err := notes.add(m.line()); err != nil {
			return err
		}
		return args.Ack(m.answer())
	})
	ns.On("join", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		s.Join("busy")
		return args.Ack()
	})
	brio.Call[int, brio.None]("shout").Handle(ns, func(_ context.Context, _ *brio.Socket, size int) (brio.None, error) {
		return brio.None{}, ns.To("busy").Emit("noise", noise(size))
	})
	// Each socket gets bytes of its own: nothing is shared, so each costs what it is sent.
	brio.Call[int, brio.None]("bother").Handle(ns, func(ctx context.Context, _ *brio.Socket, size int) (brio.None, error) {
		for p, err := range ns.To("busy").Peers(ctx) {
			if err != nil {
				return brio.None{}, err
			}
			if err := ns.To(p.ID).Emit("noise", noise(size)); err != nil {
				return brio.None{}, err
			}
		}
		return brio.None{}, nil
	})
}

// noise is a text that does not compress well.
func noise(size int) string {
	b := make([]byte, min(size, 1<<20)/2)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// journal keeps messages in a file, so that they outlast the process.
type journal struct {
	mu   sync.Mutex // guards file
	file *os.File
}

// openJournal opens a file to append to; without a name nothing can be kept.
func openJournal(name string) (*journal, error) {
	if name == "" {
		return &journal{}, nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &journal{file: f}, nil
}

// add returns once the kernel has the line, which is enough against a killed process.
func (j *journal) add(line string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return errors.New("nothing is kept")
	}
	_, err := j.file.WriteString(line + "\n")
	return err
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}
