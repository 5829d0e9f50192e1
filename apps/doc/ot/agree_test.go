package ot

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The page transforms as the server does: what Go makes of random operations, and what
// happens to an editor among others on bad lines, is the same in JavaScript.
func TestGoAndJavaScriptAgree(t *testing.T) {
	type agreed struct {
		Text     string    `json:"text"`
		A        Operation `json:"a"`
		B        Operation `json:"b"`
		C        Operation `json:"c"` // made on what A makes
		MadeByA  string    `json:"madeByA"`
		AOverB   Operation `json:"aOverB"`
		BOverA   Operation `json:"bOverA"`
		Composed Operation `json:"composed"`
		Moved    []int     `json:"moved"`
	}
	type script struct {
		Client string  `json:"client"`
		Events []event `json:"events"`
	}
	var said struct {
		Cases   []agreed `json:"cases"`
		Scripts []script `json:"scripts"`
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 2000 {
		text := randomOperation(r, 0)
		for range r.IntN(6) {
			text = compose(text, randomOperation(r, text.after()))
		}
		runes := text.Apply(nil)
		c := agreed{Text: string(runes), A: orNone(randomOperation(r, len(runes))), B: orNone(randomOperation(r, len(runes)))}
		made := c.A.Apply(runes)
		c.C, c.MadeByA = orNone(randomOperation(r, len(made))), string(made)
		c.AOverB, c.BOverA, c.Composed = orNone(c.A.Over(c.B, false)), orNone(c.B.Over(c.A, true)), orNone(compose(c.A, c.C))
		for at := range runes {
			c.Moved = append(c.Moved, c.A.Move([2]int{at})[0])
		}
		said.Cases = append(said.Cases, c)
	}
	for seed := range uint64(6) {
		g := newGarden(seed, 4)
		var events []event
		g.editors[0].script = &events
		g.work(t, 400, true)
		said.Scripts = append(said.Scripts, script{g.editors[0].client, events})
	}
	input, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	if out := node(t, input); out != "" {
		t.Error(out)
	}
}

// node runs testdata/agree.mjs beside the page's modules.
func node(t *testing.T, input []byte) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	folder := t.TempDir()
	files := map[string]string{"package.json": `{"type":"module"}`}
	for _, name := range []string{"../web/ot.js", "../web/diff.js", "../web/copy.js", "testdata/agree.mjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = string(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), path, filepath.Join(folder, "agree.mjs")) //nolint:gosec // it is ours
	cmd.Stdin = bytes.NewReader(input)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, complaints.String())
	}
	return strings.TrimSpace(string(out))
}

func orNone(o Operation) Operation {
	if o == nil {
		return Operation{}
	}
	return o
}
