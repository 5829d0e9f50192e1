package briotest

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// label is what tells the goroutines of one site from all others: goroutines inherit
// it from who starts them.
type label string

const labelKey = "briotest"

var labels atomic.Int64

func newLabel(test string) label {
	return label(test + " " + strconv.FormatInt(labels.Add(1), 10))
}

func (l label) context() context.Context {
	return pprof.WithLabels(context.Background(), pprof.Labels(labelKey, string(l)))
}

// wear gives the label to the goroutine that calls.
func (l label) wear() { pprof.SetGoroutineLabels(l.context()) }

// left returns the stacks of the goroutines that don't end, "" for none.
func (l label) left() string {
	if bubbleWaits() {
		return l.stacks()
	}
	const long = 2 * time.Second // for what has only to return
	late := time.NewTimer(long)
	defer late.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		left := l.stacks()
		if left == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-late.C:
			return left
		}
	}
}

func (l label) stacks() string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // a buffer takes everything
	var found strings.Builder
	mark := strconv.Quote(labelKey) + ":" + strconv.Quote(string(l))
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, mark) {
			found.WriteString(stack + "\n\n")
		}
	}
	return found.String()
}
