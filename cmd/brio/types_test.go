package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

const chatPackage = "../../apps/chat"

// runTypes runs brio types with its arguments.
func runTypes(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var all commands
	parser, err := kong.New(&all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"types"}, args...)); err != nil {
		t.Fatal(err)
	}
	var out, notes strings.Builder
	all.Types.stdout, all.Types.stderr = &out, &notes
	err = all.Types.Run()

	return out.String(), notes.String(), err
}

func TestTypesPrintsTheChatsEvents(t *testing.T) {
	out, notes, err := runTypes(t, chatPackage)
	if err != nil || notes != "" {
		t.Fatal(err, notes)
	}
	for _, want := range []string{
		"in namespace /chat",
		"  say: (draft: Draft, ack: (message: Message | Failure) => void) => void;",
		"  said: (message: Message) => void;",
		"  pulse: (ack?: (failure?: Failure) => void) => void;",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	out, _, err = runTypes(t, "-f", "asyncapi", "--api-version", "2.1.0", chatPackage)
	if err != nil || !strings.Contains(out, `"asyncapi": "3.0.0"`) || !strings.Contains(out, `"version": "2.1.0"`) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTypesChecksWhatItWrote(t *testing.T) {
	for _, format := range []string{"typescript", "asyncapi"} {
		file := filepath.Join(t.TempDir(), "contract")
		if _, _, err := runTypes(t, "-f", format, "--check", file, chatPackage); err == nil || !strings.Contains(err.Error(), "--out "+file) {
			t.Errorf("%s: a file that is not there: %v", format, err)
		}
		out, _, err := runTypes(t, "-f", format, "-o", file, chatPackage)
		if err != nil || out != "" {
			t.Fatal(err, out)
		}
		if _, _, err := runTypes(t, "-f", format, "--check", file, chatPackage); err != nil {
			t.Error(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// Git may have given the lines the ends of another system.
		for stale, replaced := range map[bool][2]string{false: {"\n", "\r\n"}, true: {"Person", "Human"}} {
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), replaced[0], replaced[1])), 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := runTypes(t, "-f", format, "--check", file, chatPackage)
			if stale != (err != nil) || stale && !strings.Contains(err.Error(), "is stale in line ") {
				t.Errorf("%s, stale %v: %v", format, stale, err)
			}
		}
	}
}

func TestTypesSaysWhatIsLeftOut(t *testing.T) {
	_, notes, err := runTypes(t, "../../internal/contract/testdata/sample")
	if err != nil || !strings.Contains(notes, "events.go:40: Unused is not used here") {
		t.Errorf("%v, notes: %s", err, notes)
	}
	if _, _, err := runTypes(t, "."); err == nil || !strings.Contains(err.Error(), "no events in github.com/briohq/brio/cmd/brio") {
		t.Error(err)
	}
}
