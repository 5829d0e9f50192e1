//go:build !unix

package machine

import "time"

// CPU is not known. Where it is not, there is no /proc either.
func CPU() time.Duration { return 0 }
