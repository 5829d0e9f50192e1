package contract

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// The package sample has an event for each way to use one, and a field for each type.
func TestSample(t *testing.T) {
	c, err := Read(t.Context(), "testdata/sample", ".")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/sample.d.ts", c.TypeScript())
	golden(t, "testdata/sample.json", c.AsyncAPI("1.0.0"))
	notes := []string{
		"events.go:40: Unused is not used here, and taken to go both ways: name the package that uses it too, or delete it",
		"server.go:72: the event of this Emit is not a constant and is left out: declare it with const, and use it here",
	}
	if diff := cmp.Diff(notes, c.Notes); diff != "" {
		t.Error("notes, - want, + got:\n", diff)
	}
}

func TestTheSameSourceGivesTheSameText(t *testing.T) {
	var first *Contract
	for range 3 {
		c, err := Read(t.Context(), "", "./testdata/sample/...")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = c
		}
		if diff := cmp.Diff(string(first.TypeScript()), string(c.TypeScript())); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(string(first.AsyncAPI("1")), string(c.AsyncAPI("1"))); diff != "" {
			t.Error(diff)
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s, - want, + got (go test -update writes it):\n%s", file, diff)
	}
}
