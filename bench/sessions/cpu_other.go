//go:build !unix

package main

import "time"

// cpuTime is not known. Where it is not, there is no /proc either.
func cpuTime() time.Duration { return 0 }
