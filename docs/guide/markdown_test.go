package guide_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// document is a guide, as far as it is tested.
type document struct {
	rows    []row
	blocks  []block
	prose   []line // all that is not in a block
	anchors []string
}

// row is one of a table: what Node has, what brio has, and a note.
type row struct {
	line    int
	chapter string
	name    string
	brio    string
	forms   []string // the code in brio
	note    string
}

// block is fenced code.
type block struct {
	line     int // of its first line
	language string
	text     string
}

type line struct {
	line int
	text string
}

var code = regexp.MustCompile("`([^`]+)`")

// spans returns the code within a text.
func spans(text string) []string {
	var list []string
	for _, match := range code.FindAllStringSubmatch(text, -1) {
		list = append(list, match[1])
	}
	return list
}

func readGuide(t *testing.T) document {
	t.Helper()
	return readDocument(t, guide)
}

func readDocument(t *testing.T, name string) document {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	var open *block
	chapter := ""
	number := 0
	for text := range strings.Lines(string(text)) {
		number++
		language, fence := strings.CutPrefix(strings.TrimSpace(text), "```")
		switch {
		case fence && open == nil:
			open = &block{line: number + 1, language: language}
		case fence:
			d.blocks = append(d.blocks, *open)
			open = nil
		case open != nil:
			open.text += text
		default:
			text = strings.TrimSpace(text)
			d.prose = append(d.prose, line{line: number, text: text})
			if marks, title, ok := strings.Cut(text, " "); ok && strings.Trim(marks, "#") == "" {
				d.anchors = append(d.anchors, anchor(title))
				if marks == "##" {
					chapter = title
				}
			}
			if name != guide {
				continue // its tables are of other things
			}
			if r, ok := readRow(t, number, text); ok {
				r.chapter = chapter
				d.rows = append(d.rows, r)
			}
		}
	}
	if open != nil {
		t.Fatalf("line %d: a block without end", open.line)
	}
	return d
}

// readRow returns a row of a table, unless the line is a table's head or no row.
func readRow(t *testing.T, number int, text string) (row, bool) {
	t.Helper()
	inside, ok := strings.CutPrefix(text, "|")
	if !ok || strings.HasPrefix(inside, "---") || strings.HasPrefix(inside, " Node ") {
		return row{}, false
	}
	cells := strings.Split(strings.TrimSuffix(inside, "|"), "|")
	if len(cells) != 3 {
		t.Fatalf("line %d: %d cells", number, len(cells))
	}
	r := row{line: number, brio: strings.TrimSpace(cells[1]), note: strings.TrimSpace(cells[2])}
	r.name = strings.TrimSpace(strings.ReplaceAll(cells[0], "`", ""))
	r.forms = spans(r.brio)
	return r, true
}

var dropped = regexp.MustCompile(`[^a-z0-9 -]`)

// anchor returns the fragment by which a heading is linked to.
func anchor(title string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
