package transport

import "sync"

// compressed is a frame's compressed form. It is apart from the frame because
// most frames have none.
type compressed struct {
	once sync.Once
	b    []byte
}

// NoCompression marks a frame as one that is not to be compressed, for it is
// already. It must be called before the frame is shared.
func (f *Frame) NoCompression() { f.plain = true }

// Compressible reports whether the frame may be compressed.
func (f *Frame) Compressible() bool { return !f.plain }

// Payload returns what the frame carries on a WebSocket. It must not be written
// to.
func (f *Frame) Payload() []byte { return f.buf[headroom:] }

// Compressed returns what compress makes of the frame. It is called once,
// whoever asks first, so all must ask with the same function: there is one way
// in which a frame is compressed. What it returns must not be written to.
func (f *Frame) Compressed(compress func(*Frame) []byte) []byte {
	c := f.compressed.Load()
	if c == nil {
		f.compressed.CompareAndSwap(nil, new(compressed))
		c = f.compressed.Load()
	}
	c.once.Do(func() { c.b = compress(f) })
	return c.b
}
