package chat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/briohq/brio/apps/site"
)

// Without room for the database what can't be stored is refused, in words that say
// why and nothing of the database; what was stored is still read; and with room again all is
// as before. A bound on SQLite's pages stands for the disk's.
func TestDiskFull(t *testing.T) {
	h := openHall(t, site.Config{Quiet: true, Data: t.TempDir()})
	tab := h.connect(ada)
	h.open(tab, "foyer")
	if _, err := Say.Do(t.Context(), tab, Draft{Room: "foyer", Key: "first", Text: "There is room."}); err != nil {
		t.Fatal(err)
	}
	run(t, h.site.DB, `PRAGMA max_page_count = 1`) // as many as there are
	var refused error
	for i := 0; i < 1000 && refused == nil; i++ {
		_, refused = Say.Do(t.Context(), tab, Draft{Room: "foyer", Key: fmt.Sprint(i), Text: strings.Repeat("More. ", 50)})
	}
	if refused == nil || strings.Contains(strings.ToLower(refused.Error()), "sql") || !strings.Contains(refused.Error(), "disk is full") {
		t.Fatalf("a full disk is answered with: %v", refused)
	}
	h.open(h.connect(bob), "foyer")
	run(t, h.site.DB, `PRAGMA max_page_count = 100000`)
	if _, err := Say.Do(t.Context(), tab, Draft{Room: "foyer", Key: "last", Text: "There is room again."}); err != nil {
		t.Errorf("there is room again, and it is not used: %v", err)
	}
}
