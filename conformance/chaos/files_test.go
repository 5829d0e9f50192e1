package chaos

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// Who is connected is served while the server has no file descriptor left; who is not
// waits, and is let in once others have gone, without anybody's help.
func TestFileDescriptorsExhausted(t *testing.T) {
	t.Setenv("BRIO_CHAOS_FILES", "60")
	s := startServer(t, filepath.Join(t.TempDir(), "kept"), "127.0.0.1:0")
	config := client.Config{Engine: engineio.Config{Transports: []string{"websocket"}}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	early, err := client.Dial(ctx, "http://"+s.address, config)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	before := s.vitals(t)

	var crowd []net.Conn
	defer func() {
		for _, c := range crowd {
			_ = c.Close()
		}
	}()
	for range 80 {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		// A request without its end keeps the connection for the server's ReadTimeout.
		if _, err := c.Write([]byte("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n")); err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, c)
	}
	for n := 1; n <= 100; n++ {
		if kept, err := keep.Do(ctx, early, newOrder("early", n)); err != nil || kept != newOrder("early", n) {
			t.Fatalf("order %d, with no file descriptor left: %+v, %v", n, kept, err)
		}
	}
	// A handshake now waits in the kernel's queue.
	short, stop := context.WithTimeout(ctx, 500*time.Millisecond)
	defer stop()
	if late, err := client.Dial(short, "http://"+s.address, config); err == nil {
		late.Close()
		t.Error("there was a file descriptor left")
	}
	for _, c := range crowd {
		_ = c.Close()
	}
	late, err := client.Dial(ctx, "http://"+s.address, config)
	if err != nil {
		t.Fatalf("others have gone, and nobody is let in: %v", err)
	}
	if got, err := keep.Do(ctx, late, newOrder("late", 1)); err != nil || got != newOrder("late", 1) {
		t.Errorf("%+v, %v", got, err)
	}
	late.Close()
	for late := time.Now().Add(patience); s.vitals(t).Files > before.Files+4 && time.Now().Before(late); wait(50 * time.Millisecond) {
	}
	if now := s.vitals(t); now.Files > before.Files+4 || now.Goroutines > before.Goroutines+4 {
		t.Errorf("before %+v, now %+v", before, now)
	}
	early.Close()
	log := s.log
	s.stop(t, syscall.SIGTERM)
	if !strings.Contains(log.String(), "too many open files") {
		t.Errorf("the log does not say why: %s", log)
	}
	_ = os.Remove(s.file)
}
