package load

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever a server does to the messages of one sender, the ledger tells it.
func TestLedgerTellsWhatWasDone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.Uint32Range(1, 40).Draw(t, "sent")
		var arriving []uint32
		var want Faults
		for sequence := range sent {
			switch copies := rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "copies"); copies {
			case 0:
				want.Lost++
			default:
				for range copies {
					arriving = append(arriving, sequence)
				}
				want.Duplicates += copies - 1
			}
		}
		arriving = rapid.Permutation(arriving).Draw(t, "arriving")
		last, seen := -1, map[uint32]bool{}
		for _, sequence := range arriving {
			if !seen[sequence] && int(sequence) < last {
				want.Reordered++
			}
			seen[sequence] = true
			last = max(last, int(sequence))
		}

		var l ledger
		var next uint32
		first := 0
		for _, sequence := range arriving {
			if l.arrived(7, 3, &next, sequence) {
				first++
			}
		}
		l.faults.Lost += int(sent - next) // as at the end of a run
		if l.faults != want || first != len(seen) {
			t.Errorf("of %d came %v: %+v and %d for the first time, want %+v and %d", sent, arriving, l.faults, first, want, len(seen))
		}
	})
}

func TestReceiversAndSendersAreKeptApart(t *testing.T) {
	var l ledger
	next := make([]uint32, 3)
	l.arrived(1, 1, &next[0], 1) // 0 is missing
	for i, who := range [][2]uint32{{1, 2}, {2, 1}} {
		if l.arrived(who[0], who[1], &next[i+1], 1); !l.arrived(who[0], who[1], &next[i+1], 0) {
			t.Errorf("receiver and sender %v: what was late is called a duplicate", who)
		}
	}
	if want := (Faults{Lost: 1, Reordered: 2}); l.faults != want {
		t.Errorf("%+v, want %+v", l.faults, want)
	}
}

func TestLedgerForgetsWhatWouldFillMemory(t *testing.T) {
	var l ledger
	var next uint32
	l.arrived(0, 0, &next, 3*maxMissing)
	if len(l.missing) != maxMissing || l.faults.Lost != 3*maxMissing {
		t.Errorf("%d of %d lost messages are remembered", len(l.missing), l.faults.Lost)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	for want, f := range map[string]Faults{
		"none lost, duplicated or out of order": {},
		"3 lost":                                {Lost: 3},
		"1 duplicated, 2 out of order":          {Duplicates: 1, Reordered: 2},
		"1 of another room, 4 malformed":        {Foreign: 1, Malformed: 4},
		"5 connections dropped":                 {Dropped: 5},
	} {
		if got := f.String(); got != want || f.Any() != (f != Faults{}) {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
	}
}
