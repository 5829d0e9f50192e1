// Package guide_test keeps the guides true: what they show compiles, and nothing
// that they promise to cover is left out.
package guide_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guide has tables that are held against what Node documents; guides are all.
const guide = "from-node.md"

var guides = []string{
	guide, "clients.md", typesGuide, "brio-js.md",
	"presence.md", "snapshot-delta.md", "latest-value.md", "trading.md", "class.md", "whiteboard.md", "offline-edits.md",
	"authoritative-tick.md", "claims.md", "auth.md", "limits.md", "delivery.md", "metrics.md", "cluster.md", "validation.md",
}

func TestEveryNameHasItsRow(t *testing.T) {
	rows := map[string][]string{} // names by chapter
	for _, row := range readGuide(t).rows {
		rows[row.chapter] = append(rows[row.chapter], row.name)
	}
	for chapter, names := range documented(t) {
		for _, name := range names {
			switch i := slices.Index(rows[chapter], name); i {
			case -1:
				t.Errorf("chapter %q has no row %q", chapter, name)
			default:
				rows[chapter] = slices.Delete(rows[chapter], i, i+1)
			}
		}
		for _, name := range rows[chapter] {
			t.Errorf("chapter %q has a row %q, which is not in the list of what is documented", chapter, name)
		}
		delete(rows, chapter)
	}
	for chapter := range rows {
		t.Errorf("there is a table in chapter %q, of which nothing is documented", chapter)
	}
}

func TestRowsSayWhatToDo(t *testing.T) {
	for _, row := range readGuide(t).rows {
		if len(row.forms) == 0 && row.brio != "none" && row.brio != "not yet" {
			t.Errorf("line %d: %s: what is on the right is %q: want code, none or not yet", row.line, row.name, row.brio)
		}
		if row.note == "" {
			t.Errorf("line %d: %s: no note", row.line, row.name)
		}
	}
}

func TestShownFilesAreWhatTheyAre(t *testing.T) {
	for file, language := range map[string]string{"chat/server.mjs": "js", "chat/main.go": "go"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown := func(b block) bool { return b.language == language && b.text == string(text) }
		if !slices.ContainsFunc(readGuide(t).blocks, shown) {
			t.Errorf("%s shows another %s", guide, file)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)]*)\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range append([]string{"testing.md"}, guides...) {
		d := readDocument(t, name)
		for _, text := range d.prose {
			for _, match := range link.FindAllStringSubmatch(text.text, -1) {
				target := match[1]
				anchor, here := strings.CutPrefix(target, "#")
				switch {
				case strings.HasPrefix(target, "https://"):
				case here:
					if !slices.Contains(d.anchors, anchor) {
						t.Errorf("%s, line %d: there is no heading for #%s", name, text.line, anchor)
					}
				default:
					if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
						t.Errorf("%s, line %d: %v", name, text.line, err)
					}
				}
			}
		}
	}
}

// documented returns the names that must have rows, by chapter.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/socket.io-4.8.txt")
	if err != nil {
		t.Fatal(err)
	}
	chapters := map[string][]string{}
	chapter := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		title, begins := strings.CutPrefix(line, "## ")
		switch {
		case begins:
			chapter = title
		case line != "" && chapter != "":
			chapters[chapter] = append(chapters[chapter], line)
		}
	}
	for chapter, headings := range chapters {
		chapters[chapter] = names(headings)
	}
	return chapters
}

var (
	kind      = regexp.MustCompile(`^(Event|Flag): '(.*)'$`)
	arguments = regexp.MustCompile(`\(([^,)[]*).*\)$`)
)

// names returns what rows call the headings: without arguments, but with the first
// one if there are several of that name.
func names(headings []string) []string {
	count := map[string]int{}
	for _, h := range headings {
		count[arguments.ReplaceAllString(h, "()")]++
	}
	var list []string
	for _, h := range headings {
		name := arguments.ReplaceAllString(h, "()")
		if count[name] > 1 {
			name = arguments.ReplaceAllString(h, "($1)")
		}
		if match := kind.FindStringSubmatch(h); match != nil {
			name = strings.ToLower(match[1]) + " " + match[2]
		}
		list = append(list, strings.TrimPrefix(name, "+ "))
	}
	return list
}
