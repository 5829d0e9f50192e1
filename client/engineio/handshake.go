package engineio

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/briohq/brio/transport"
)

// handshake is the payload of the server's first packet (Engine.IO protocol v4,
// "Handshake").
type handshake struct {
	ID           string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval float64  `json:"pingInterval"` // ms
	PingTimeout  float64  `json:"pingTimeout"`  // ms
	MaxPayload   float64  `json:"maxPayload"`   // bytes of a polling request; none before Socket.IO 4.4
}

// ErrProtocol is what a server has done that does not speak Engine.IO, or not
// revision 4 of it.
var ErrProtocol = errors.New("not a server of Socket.IO 3 or newer")

const (
	longest  = 1 << 40 // ms; more would not fit a time.Duration
	largest  = 1 << 30 // bytes
	maxName  = 256     // bytes of an id
	upgrades = 16
)

func parseHandshake(p transport.Packet) (h handshake, err error) {
	if p.Type != transport.Open || p.Binary {
		return h, fmt.Errorf("%w: its first packet is a %v", ErrProtocol, p.Type)
	}
	if err := json.Unmarshal(p.Data, &h); err != nil {
		return h, fmt.Errorf("%w: handshake: %w", ErrProtocol, err)
	}
	switch {
	case h.ID == "" || len(h.ID) > maxName:
		return h, fmt.Errorf("%w: its handshake has an id of %d bytes", ErrProtocol, len(h.ID))
	case h.PingInterval <= 0 || h.PingTimeout <= 0:
		return h, fmt.Errorf("%w: its handshake promises no heartbeat", ErrProtocol)
	case len(h.Upgrades) > upgrades:
		return h, fmt.Errorf("%w: its handshake offers %d upgrades", ErrProtocol, len(h.Upgrades))
	}
	return h, nil
}

// patience is how long the server may be silent: the time between two pings, and
// what a ping may take (section "Heartbeat").
func (h *handshake) patience() time.Duration {
	ms := min(h.PingInterval, longest) + min(h.PingTimeout, longest)
	return time.Duration(ms * float64(time.Millisecond))
}

// limit is how many bytes a polling request may have.
func (h *handshake) limit() int {
	if h.MaxPayload < 1 || h.MaxPayload > largest {
		return largest
	}
	return int(h.MaxPayload)
}
