//go:build unix

package memnet_test

import (
	"bytes"
	"errors"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio/internal/memnet"
)

// write writes past package net, as much as there is room for at once.
func write(t *testing.T, c *memnet.Conn, b []byte) (n int, err error) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var werr error
	err = raw.Write(func(fd uintptr) bool {
		n, werr = syscall.Write(int(fd), b)
		return true
	})
	return n, errors.Join(err, werr)
}

func TestKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := connect(t, memnet.Link{Kernel: true, Buffer: 100})
		if n, err := write(t, far, []byte("abc")); n != 3 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		read(t, near, "abc")
		long := bytes.Repeat([]byte("x"), 1<<20)
		n, err := write(t, far, long)
		if n == len(long) || n < 100 || err != nil {
			t.Errorf("wrote %d of %d, %v", n, len(long), err)
		}
		if n, err := write(t, far, []byte("x")); n > 0 || !errors.Is(err, syscall.EAGAIN) {
			t.Errorf("wrote %d to what is full, %v", n, err)
		}
		read(t, near, string(long[:n]))
		_ = near.Close()
		if _, err := write(t, far, []byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("error %v", err)
		}
	})
}
