package brio_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// Who announces attachments that never come is disconnected, though he answers the
// heartbeat; who is slow with them is not.
func TestAttachmentThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{})
		ended := make(chan brio.Reason, 1)
		got := make(chan []byte, 1)
		w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, r brio.Reason) error {
			ended <- r
			return nil
		})
		w.Of("/").On("x", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
			var a, b []byte
			err := args.Scan(&a, &b)
			got <- append(a, b...)
			return err
		})
		p := w.connect("/", "")
		_ = p.conn.SetDeadline(time.Time{})
		p.group.Go(func() { p.rest() }) // it answers the heartbeat
		packet := `52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`
		p.write(packet)
		for _, one := range []string{"a", "b"} {
			time.Sleep(24 * time.Second)
			p.writeBinary(one)
		}
		diff(t, "slow attachments", string(take(t, got)), "ab")
		p.write(packet)
		begun := time.Now()
		diff(t, "reason", <-ended, brio.ParseError)
		if took := time.Since(begun); took < 25*time.Second || took > 50*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
