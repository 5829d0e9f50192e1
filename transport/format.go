package transport

// Revision is a revision of the Engine.IO protocol, by its number.
type Revision uint8

// The revisions.
const (
	V3 Revision = 3 // of Socket.IO 2
	V4 Revision = 4 // of Socket.IO 3 and later
)

// Format is the form in which packets travel to one peer, and come from it. The
// zero value is that of [V4].
type Format struct {
	Revision Revision
	// Base64 is for a peer that can't take binary: it gets text instead, on a
	// WebSocket too.
	Base64 bool
}

// Frames returns frames in the form of a WebSocket, for [Frame.WebSocket]:
// the slice as it is, unless one of them has to be another.
func (f Format) Frames(frames []*Frame) []*Frame {
	if f.Revision != V3 && !f.Base64 {
		return frames
	}
	own := frames
	for i, one := range frames {
		if !one.binary {
			continue
		}
		if &own[0] == &frames[0] {
			own = append([]*Frame(nil), frames...)
		}
		own[i] = one.variant(f.binary())
	}
	return own
}

// AppendPayload appends the polling payload of frames to dst, and reports
// whether it is binary, for HTTP to call it application/octet-stream; otherwise
// it is text.
func (f Format) AppendPayload(dst []byte, frames []*Frame) (payload []byte, binary bool) {
	if f.Revision == V3 {
		return f.appendPayload3(dst, frames)
	}
	return AppendPayload(dst, frames), false
}

// Decode reads the packet of one WebSocket message, as [Decode] does for
// revision 4. Data borrows message.
func (f Format) Decode(message []byte, binary bool) (Packet, error) {
	if f.Revision == V3 {
		return decode3(message, binary)
	}
	return Decode(message, binary)
}

// DecodePayload reads a polling payload, as [DecodePayload] does for revision
// 4, which knows no binary ones.
func (f Format) DecodePayload(body []byte, binary bool, receive func(Packet) bool) error {
	if f.Revision == V3 {
		return decodePayload3(body, binary, receive)
	}
	return DecodePayload(body, receive)
}
