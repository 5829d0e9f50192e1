package guide_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// fixtures are what the guide to testing says of the names in its code, beside the
// preamble.
const fixtures = `var (
	t    *testing.T
	site *briotest.Site
	ada  *briotest.Client
)
`

func TestTestingExamplesCompile(t *testing.T) {
	c := newCompiler(t)
	example, err := os.ReadFile("../../briotest/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	d := readDocument(t, "testing.md")
	if !slices.ContainsFunc(d.blocks, func(b block) bool { return b.text == string(example) }) {
		t.Error("testing.md shows another example_test.go of package briotest")
	}
	for _, b := range d.blocks {
		if b.language == "go" && !file.MatchString(b.text) {
			c.fragment(fixtures+b.text, b.line)
		}
	}
	for _, text := range d.prose {
		for _, span := range spans(text.text) {
			if first, _, _ := strings.Cut(span, "."); qualified.MatchString(span) && packages[first] != "" {
				c.name(span, text.line)
			}
		}
	}
}
