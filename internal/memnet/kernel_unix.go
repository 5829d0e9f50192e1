//go:build unix

package memnet

import (
	"errors"
	"syscall"
)

const haveKernel = true

// kernel lends out the write end of a pipe, and takes from its read end what was
// written there. A pipe takes no more than its system lets it, so that long
// writes are cut short.
type kernel struct{ out *stream }

var errNoRead = errors.New("memnet: only Write")

func (kernel) Control(func(uintptr)) error   { return errNoRead }
func (kernel) Read(func(uintptr) bool) error { return errNoRead }

func (k kernel) Write(f func(fd uintptr) bool) (err error) {
	defer k.out.answer(&err)
	k.out.mu.Lock()
	defer k.out.mu.Unlock()
	if err := k.out.writable(); err != nil {
		return err
	}
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		return err
	}
	defer func() {
		_ = syscall.Close(ends[0])
		_ = syscall.Close(ends[1])
	}()
	for _, fd := range ends {
		if err := syscall.SetNonblock(fd, true); err != nil {
			return err
		}
	}
	buf := make([]byte, 64<<10)
	full := k.out.size >= k.out.link.Buffer
	for n := 1; full && n > 0; {
		n, _ = syscall.Write(ends[1], buf) // until there is no room
	}
	f(uintptr(ends[1]))
	for n := 1; !full && n > 0; {
		if n, _ = syscall.Read(ends[0], buf); n > 0 {
			k.out.put(buf[:n])
		}
	}
	return nil
}
