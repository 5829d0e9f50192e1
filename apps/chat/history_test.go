package chat

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A history agrees with a plain list of all that was ever said, cut to what it
// may remember.
func TestHistoryIsTheEndOfWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(t, "limit")
		total := rapid.IntRange(0, 40).Draw(t, "total")
		h := history{limit: limit}
		for range total {
			h.add(Message{Text: "x"})
		}
		oldest := max(0, total-limit) + 1 // the first number still remembered

		n := rapid.IntRange(1, 15).Draw(t, "n")
		number := uint64(rapid.IntRange(0, 45).Draw(t, "number"))

		same(t, "newest", h.newest(n), max(oldest, total-n+1), total, oldest, total)
		end := min(int(number)-1, total)
		same(t, "before", h.before(number, n), max(oldest, end-n+1), end, oldest, total)

		page, ok := h.since(number, n)
		if want := int(number) <= total && int(number)+1 >= oldest; ok != want {
			t.Fatalf("since(%d) of %d..%d joins up: %v, want %v", number, oldest, total, ok, want)
		}
		if ok {
			same(t, "since", page, int(number)+1, min(int(number)+n, total), oldest, total)
		}
	})
}

// same checks that a page is the numbers from first to last, and what it says
// of the others.
func same(t *rapid.T, what string, page Page, first, last, oldest, newest int) {
	ids, want := []uint64{}, []uint64{}
	for _, m := range page.Messages {
		ids = append(ids, m.ID)
	}
	for id := first; id <= last; id++ {
		want = append(want, uint64(id))
	}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
	if len(want) == 0 {
		return
	}
	if older := first > oldest; page.Older != older {
		t.Fatalf("%s %d..%d of %d..%d: older is %v", what, first, last, oldest, newest, page.Older)
	}
	if newer := last < newest; page.Newer != newer {
		t.Fatalf("%s %d..%d of %d..%d: newer is %v", what, first, last, oldest, newest, page.Newer)
	}
}

func TestHistoryFindsWhatWasSentBefore(t *testing.T) {
	h := history{limit: 2}
	h.add(Message{From: Person{ID: "a"}, Key: "1"})
	h.add(Message{From: Person{ID: "b"}, Key: "1"})

	if m, ok := h.find("b", "1"); !ok || m.ID != 2 {
		t.Errorf("b's own message under the key is number %d, %v; want 2", m.ID, ok)
	}
	if _, ok := h.find("c", "1"); ok {
		t.Error("found a message of somebody who said nothing")
	}
	h.add(Message{From: Person{ID: "a"}, Key: "2"})
	if _, ok := h.find("a", "1"); ok {
		t.Error("found a message that is forgotten")
	}
}
