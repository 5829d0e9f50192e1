package shell

import (
	"context"

	"github.com/briohq/brio"
)

// Pulse is answered with nothing: the time its answer takes is what the page
// shows as the round trip. Every application handles it with [Beat].
const Pulse brio.Event[brio.None] = "pulse"

// Beat answers a [Pulse].
func Beat(context.Context, *brio.Socket, brio.None) error { return nil }
