//go:build !nopoll

package poll

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollWait returns how many events there are. It doesn't wait.
func epollWait(fd int, events []unix.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}
