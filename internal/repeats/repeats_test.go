package repeats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page is what was logged, without times.
type page struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// lines returns what was logged since the last call, sorted.
func (p *page) lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(p.text.String()), "\n")
	p.text.Reset()
	slices.Sort(lines)
	return lines
}

func TestRepeatsAreHeldBackAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p page
		var g group.Group
		w := wheel.New()
		h := New(slog.NewTextHandler(&p, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}), 2, w, &g)
		logger := slog.New(h)
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			if got := p.lines(); !slices.Equal(got, want) {
				t.Errorf("logged are %q, want %q", got, want)
			}
		}

		for n := range 1000 {
			logger.With("n", n).Warn("flood")
		}
		logger.Error("flood")
		logger.Debug("flood")
		logger.WithGroup("g").Warn("other", "x", 1)
		expect("level=ERROR msg=flood", "level=WARN msg=flood n=0", "level=WARN msg=flood n=1", "level=WARN msg=other g.x=1")
		time.Sleep(999 * time.Millisecond)
		logger.Warn("flood")
		expect("")
		time.Sleep(time.Millisecond)
		expect(`level=WARN msg="repeated too often: some were held back" message=flood held_back=999`)

		logger.Warn("flood")
		expect("level=WARN msg=flood")
		time.Sleep(time.Hour)
		expect("")

		for range 3 {
			logger.Warn("flood")
		}
		w.Stop()
		h.Stop()
		expect(`level=WARN msg="repeated too often: some were held back" message=flood held_back=1`, "level=WARN msg=flood", "level=WARN msg=flood")
		for range 3 {
			logger.Warn("flood")
		}
		expect("level=WARN msg=flood", "level=WARN msg=flood", "level=WARN msg=flood")
		if err := g.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestItIsAHandler(t *testing.T) {
	var p page
	var g group.Group
	w := wheel.New()
	h := New(slog.NewJSONHandler(&p, nil), 1000, w, &g)
	err := slogtest.TestHandler(h, func() []map[string]any {
		var all []map[string]any
		for line := range bytes.Lines(p.text.Bytes()) {
			var one map[string]any
			if err := json.Unmarshal(line, &one); err != nil {
				t.Fatal(fmt.Errorf("%s: %w", line, err))
			}
			all = append(all, one)
		}
		return all
	})
	w.Stop()
	h.Stop()
	if err != nil {
		t.Error(err)
	}
}
