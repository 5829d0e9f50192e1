package frame_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/briohq/brio/bench/internal/frame"
)

func TestFramesReadAsWritten(t *testing.T) {
	for _, length := range []int{0, 1, 7, 8, 125, 126, 1000, 0xffff, 0x10000, frame.MaxLength} {
		payload := bytes.Repeat([]byte("brio "), length/5+1)[:length]
		for _, masked := range []bool{false, true} {
			b := frame.Append(nil, frame.Text, payload)
			if masked {
				b = frame.AppendMasked(nil, frame.Text, payload)
			}
			for cut := range 14 {
				if h, ok, err := frame.Parse(b[:min(cut, len(b))]); err != nil || ok && h.Size > cut {
					t.Fatalf("%d bytes of a frame of %d: %+v, %v, %v", cut, length, h, ok, err)
				}
			}
			h, ok, err := frame.Parse(b)
			if err != nil || !ok || !h.Final || h.Opcode != frame.Text || h.Masked != masked || h.Length != length || h.Size+h.Length != len(b) {
				t.Fatalf("a frame of %d: %+v, %v, %v", length, h, ok, err)
			}
			got := b[h.Size:]
			if masked {
				frame.Mask(got, h.Key)
			}
			if !bytes.Equal(got, payload) {
				t.Fatalf("the payload of %d bytes, masked: %v, came out differently", length, masked)
			}
		}
	}
}

func TestFramesTooLargeAreRefused(t *testing.T) {
	b := frame.Append(nil, frame.Binary, make([]byte, frame.MaxLength+1))
	if _, _, err := frame.Parse(b); !errors.Is(err, frame.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(frame.AppendMasked(nil, frame.Text, []byte("40")))
	f.Add(frame.Append(nil, frame.Ping, make([]byte, 300)))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok, err := frame.Parse(b)
		if err != nil || !ok {
			return
		}
		if h.Size > len(b) || h.Length < 0 || h.Length > frame.MaxLength {
			t.Errorf("%x: %+v", b, h)
		}
	})
}
