package load

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Flights against a map: every message lands once with its last delivery, unless
// it was given up.
func TestFlights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f flights
		model := map[uint32]int{} // deliveries that are missing
		due := map[uint32]time.Duration{}
		next, now := uint32(0), time.Duration(0)
		t.Repeat(map[string]func(*rapid.T){
			"depart": func(t *rapid.T) {
				n := rapid.IntRange(1, 3).Draw(t, "deliveries")
				now++
				f.depart(n, now)
				model[next], due[next] = n, now
				next++
			},
			"land": func(t *rapid.T) {
				if next == 0 {
					return // nothing has departed
				}
				sequence := rapid.Uint32Range(0, next-1).Draw(t, "sequence")
				want := model[sequence] == 1
				if model[sequence] > 0 {
					model[sequence]--
				}
				if got := f.land(sequence); got != want {
					t.Fatalf("%d landed: %v", sequence, got)
				}
			},
			"expire": func(t *rapid.T) {
				before := time.Duration(rapid.IntRange(0, int(now)+1).Draw(t, "before"))
				want := 0
				for sequence, missing := range model {
					if missing > 0 && due[sequence] < before {
						model[sequence] = 0
						want++
					}
				}
				if got := f.expire(before); got != want {
					t.Fatalf("%d given up, want %d", got, want)
				}
			},
			"": func(t *rapid.T) {
				open := 0
				for _, missing := range model {
					if missing > 0 {
						open++
					}
				}
				if open == 0 && len(f.list) != 0 {
					t.Fatalf("nothing is under way, and %d are kept", len(f.list))
				}
			},
		})
	})
}

func TestStampsReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stamp{
			sender:   rapid.Uint32().Draw(t, "sender"),
			sequence: rapid.Uint32().Draw(t, "sequence"),
			room:     rapid.Uint32().Draw(t, "room"),
			due:      time.Duration(rapid.Int64Min(0).Draw(t, "due")),
		}
		size := rapid.IntRange(stampSize, 200).Draw(t, "size")
		b := s.append(nil, size)
		if got, ok := parseStamp(b, size); !ok || got != s || len(b) != size {
			t.Fatalf("%q: %+v, %v, want %+v", b, got, ok, s)
		}
		if _, ok := parseStamp(b, size+1); ok {
			t.Fatalf("%q passes for %d bytes", b, size+1)
		}
		b[rapid.IntRange(0, stampSize-1).Draw(t, "at")] = 'x'
		if got, ok := parseStamp(b, size); ok {
			t.Fatalf("%q passes for %+v", b, got)
		}
	})
}
