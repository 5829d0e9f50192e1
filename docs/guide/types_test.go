package guide_test

import (
	"os"
	"slices"
	"testing"

	"github.com/briohq/brio/internal/contract"
)

const typesGuide = "types.md"

// The guide shows a program, and what brio types makes of it.
func TestTypesAreOfTheProgram(t *testing.T) {
	c, err := contract.Read(t.Context(), "", "./types")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Notes) > 0 {
		t.Error(c.Notes)
	}
	written, err := os.ReadFile("types/board.d.ts")
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != string(c.TypeScript()) {
		t.Error("types/board.d.ts is stale: write it again with\n\tgo generate ./docs/guide/types")
	}
	program, err := os.ReadFile("types/board.go")
	if err != nil {
		t.Fatal(err)
	}
	for language, text := range map[string]string{"go": string(program), "ts": string(written)} {
		shown := func(b block) bool { return b.language == language && b.text == text }
		if !slices.ContainsFunc(readDocument(t, typesGuide).blocks, shown) {
			t.Errorf("%s shows another file of %s", typesGuide, language)
		}
	}
}
