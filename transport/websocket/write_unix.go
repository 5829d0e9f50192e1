//go:build unix

package websocket

import "syscall"

// attempt is one non-blocking write of rest. It always returns true: whoever
// called does not want to wait until the connection can be written.
func (w *writer) attempt(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), w.rest)
		switch err {
		case nil:
			w.n, w.err = n, nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			w.n, w.err = 0, nil
		default:
			w.n, w.err = 0, err
		}
		return true
	}
}
