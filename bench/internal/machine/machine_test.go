package machine_test

import (
	"os"
	"strings"
	"testing"

	"github.com/briohq/brio/bench/internal/machine"
)

func TestTableSaysWhereAndWhat(t *testing.T) {
	m := machine.This()
	m.Done()
	text := m.Table([2]string{"software", "one, two"})
	for _, want := range []string{"| | |\n|---|---|\n| date | 2", "\n| commit | ", " cores, ", "| load average | ", "\n| software | one, two |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestPrivateMemory(t *testing.T) {
	if n, err := machine.Private(os.Getpid()); err != nil || n < 1<<16 {
		t.Errorf("%d bytes of private memory, %v", n, err)
	}
	if n, err := machine.Private(1 << 30); err == nil {
		t.Errorf("a process that is not there has %d bytes", n)
	}
}

func TestCountsHaveSeparators(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := machine.Count(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
