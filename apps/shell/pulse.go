package shell

import (
	"context"

	"github.com/briohq/brio"
)

const (
	// Pulse is answered with nothing: the time its answer takes is what the page
	// shows as the round trip. Every application handles it with [Beat].
	Pulse brio.Event[brio.None] = "pulse"
	// Probe is the same from the server: every page answers it with nothing.
	Probe brio.Call[brio.None, brio.None] = "probe"
)

// Beat answers a [Pulse].
func Beat(context.Context, *brio.Socket, brio.None) error { return nil }
