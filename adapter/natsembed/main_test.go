package natsembed

import (
	"testing"

	"go.uber.org/goleak"
)

// Whatever a test started must have ended with it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
