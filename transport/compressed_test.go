package transport_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/briohq/brio/transport"
)

func TestPayload(t *testing.T) {
	if got := transport.NewText(transport.Message, "a").Payload(); string(got) != "4a" {
		t.Errorf("text: %q", got)
	}
	if got := transport.NewBinary([]byte{1, 2}).Payload(); string(got) != "\x01\x02" {
		t.Errorf("binary: %q", got)
	}
}

func TestCompressedOnce(t *testing.T) {
	f := transport.NewText(transport.Message, "hello")
	var calls atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := f.Compressed(func(of *transport.Frame) []byte {
				calls.Add(1)
				return append([]byte("z"), of.Payload()...)
			})
			if string(got) != "z4hello" {
				t.Errorf("%q", got)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 1 {
		t.Errorf("compressed %d times", calls.Load())
	}
}
