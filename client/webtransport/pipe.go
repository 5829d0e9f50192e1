package webtransport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/transport"
)

const (
	// readBuffer is the size in bytes of a pipe's read buffer.
	readBuffer = 1024
	// gather is how many bytes of frames are written at once.
	gather = 16 << 10
)

// pipe is the stream of one session.
type pipe struct {
	session *wt.Session
	stream  *wt.Stream
	limit   int // bytes of a packet

	in   *bufio.Reader // owned by the reader, and what follows
	used int           // bytes of in that the last packet borrows
}

var _ engineio.Pipe = (*pipe)(nil)

// Read reads one frame: the highest bit of its first byte says whether the packet
// is binary; the others are its length, with 126 for one in the next two bytes and
// 127 for one in the next eight.
func (p *pipe) Read() (transport.Packet, error) {
	_, _ = p.in.Discard(p.used) // it has been peeked at
	p.used = 0
	isBinary, length, err := p.header()
	if err != nil {
		return transport.Packet{}, p.cause(err)
	}
	payload, err := p.payload(length)
	if err != nil {
		return transport.Packet{}, p.cause(err)
	}
	if !isBinary && !utf8.Valid(payload) {
		return transport.Packet{}, fmt.Errorf("%w: text is not UTF-8", transport.ErrParse)
	}
	return transport.Decode(payload, isBinary)
}

func (p *pipe) header() (isBinary bool, length int, err error) {
	b, err := p.in.Peek(1)
	if err != nil {
		return false, 0, err
	}
	isBinary = b[0]&0x80 != 0
	size, n := 1, uint64(b[0]&0x7f)
	switch n {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if b, err = p.in.Peek(size); err != nil {
		return false, 0, err
	}
	switch size {
	case 3:
		n = uint64(binary.BigEndian.Uint16(b[1:]))
	case 9:
		n = binary.BigEndian.Uint64(b[1:])
	}
	_, _ = p.in.Discard(size) // it has been peeked at
	if n == 0 || n > uint64(p.limit) {
		return false, 0, fmt.Errorf("%w: frame of %d bytes, of at most %d", transport.ErrParse, n, p.limit)
	}
	return isBinary, int(n), nil
}

// payload borrows one from the read buffer if it fits there. Otherwise its memory
// grows with what comes, not with what has been announced.
func (p *pipe) payload(n int) ([]byte, error) {
	if n <= p.in.Size() {
		b, err := p.in.Peek(n)
		p.used = len(b)
		return b, err
	}
	var b []byte
	for len(b) < n {
		step := min(n-len(b), max(len(b), readBuffer))
		b = slices.Grow(b, step)
		got, err := io.ReadFull(p.in, b[len(b):len(b)+step])
		b = b[:len(b)+got]
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// cause returns [io.EOF] if the server has ended the session, or all of QUIC, in an
// orderly way.
func (p *pipe) cause(err error) error {
	select {
	case <-p.session.Context().Done(): // it knows better than its stream
		_, err = p.session.AcceptStream(context.Background())
	default:
	}
	end, ofSession := errors.AsType[*wt.SessionError](err)
	ofQUIC, ofConn := errors.AsType[*quic.ApplicationError](err)
	switch {
	case ofSession && end.Remote && end.ErrorCode == 0,
		ofConn && ofQUIC.Remote && (ofQUIC.ErrorCode == 0 || ofQUIC.ErrorCode == quic.ApplicationErrorCode(http3.ErrCodeNoError)):
		return io.EOF
	}
	return err
}

// written are buffers for what is written.
var written = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Write writes packets, small ones together.
func (p *pipe) Write(packets []transport.Packet) error {
	b := written.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= 4*gather {
			written.Put(b)
		}
	}()
	b.Reset()
	for i, one := range packets {
		if one.Binary {
			appendFrame(b, true, one.Data)
		} else {
			appendFrame(b, false, []byte{'0' + byte(one.Type)}, one.Data)
		}
		if b.Len() < gather && i < len(packets)-1 {
			continue
		}
		if _, err := p.stream.Write(b.Bytes()); err != nil {
			_ = p.Close()
			return err
		}
		b.Reset()
	}
	return nil
}

func appendFrame(b *bytes.Buffer, isBinary bool, parts ...[]byte) {
	first, n := byte(0), 0
	if isBinary {
		first = 0x80
	}
	for _, part := range parts {
		n += len(part)
	}
	switch {
	case n < 126:
		b.WriteByte(first | byte(n))
	case n < 1<<16:
		b.Write(binary.BigEndian.AppendUint16([]byte{first | 126}, uint16(n)))
	default:
		b.Write(binary.BigEndian.AppendUint64([]byte{first | 127}, uint64(n)))
	}
	for _, part := range parts {
		b.Write(part)
	}
}

// SetReadDeadline bounds Read.
func (p *pipe) SetReadDeadline(t time.Time) { _ = p.stream.SetReadDeadline(t) }

// Goodbye ends the stream's one direction, which the server reads up to there. There
// is no packet for it.
func (p *pipe) Goodbye() error { return p.stream.Close() }

// Close ends the session, and QUIC's connection with it.
func (p *pipe) Close() error { return p.session.CloseWithError(0, "") }
