// Package security attacks a server over the wire, one threat a test: each has the
// answer or the cut that docs/security.md says, an honest client is served meanwhile,
// and nothing is left over.
package security

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
