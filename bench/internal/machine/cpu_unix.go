//go:build unix

package machine

import (
	"syscall"
	"time"
)

// CPU is what this process has used.
func CPU() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // which can't fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
