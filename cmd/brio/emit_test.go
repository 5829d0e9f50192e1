package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
)

func runEmit(t *testing.T, in string, args ...string) (out string, err error) {
	t.Helper()
	var b strings.Builder
	err = parseCommand(t, append([]string{"emit"}, args...)...).Emit.run(t.Context(), streams{in: strings.NewReader(in), out: &b, err: t.Output(), now: time.Now})

	return b.String(), err
}

func TestEmitPrintsTheAnswer(t *testing.T) {
	url, _, _ := startCommandSite(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte{1, 2, 3}, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		in   string
		args []string
		want string
	}{
		{"", []string{"echo"}, "[]\n"},
		{"", []string{"echo", "lobby", "7", `{"a": "<"}`}, `["lobby",7,{"a":"<"}]` + "\n"},
		{"from there\n", []string{"echo", "-", "then"}, `["from there","then"]` + "\n"},
		{"[1, 2]", []string{"echo", "-"}, "[[1,2]]\n"},
		{"", []string{"echo", "--", "-1"}, "[-1]\n"},
		{"", []string{"echo", "12345678901234567890", "--binary", file}, `[12345678901234567890,{"base64":"AQID"}]` + "\n"},
		{"\x00", []string{"echo", "--binary", "-"}, `[{"base64":"AA=="}]` + "\n"},
	} {
		out, err := runEmit(t, test.in, append([]string{"--ack", url}, test.args...)...)
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(test.want, out); d != "" {
			t.Errorf("%q: %s", test.args, d)
		}
	}
}

func TestEmitLeavesBeforeItEnds(t *testing.T) {
	url, server, _ := startCommandSite(t)
	got := make(chan string, 10)
	server.Of("/").On("tick", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		got <- string(args.Raw(0))
		return nil
	})
	out, err := runEmit(t, "", url, "tick", "5", "--repeat", "3", "--interval", "1ms")
	if err != nil || out != "" {
		t.Errorf("%v, printed %q", err, out)
	}
	for range 3 {
		if g := <-got; g != "5" {
			t.Errorf("%s has arrived", g)
		}
	}
}

func TestEmitSaysWhyItFailed(t *testing.T) {
	url, _, _ := startCommandSite(t)
	for _, test := range []struct {
		args      []string
		out, want string
	}{
		{[]string{url, "silence", "--ack", "--timeout", "50ms"}, "", "silence: no acknowledgement in 50ms"},
		{[]string{url, "fail", "--ack"}, `[{"error":{"message":"no \u001b[31mway"}}]` + "\n", `fail: no \u001b[31mway`},
		{[]string{url + "/closed", "echo"}, "", "who are you?"},
		{[]string{"127.0.0.1:1", "echo"}, "", "does a Socket.IO server run there"},
		{[]string{url, "disconnect"}, "", "reserved"},
		{[]string{url, "echo", "--binary", filepath.Join(t.TempDir(), "none")}, "", "no such file"},
		{[]string{url, "echo", "--timeout=-1s"}, "", "--timeout"},
	} {
		out, err := runEmit(t, "", test.args...)
		if err == nil || !strings.Contains(err.Error(), test.want) || out != test.out {
			t.Errorf("%q: %v after %q", test.args, err, out)
		}
	}
}

func TestLines(t *testing.T) {
	for text, want := range map[string]string{
		`say hello`:             `say ["hello"]`,
		`  say  007 7 -1 true `: `say ["007",7,-1,true]`,
		`say {"a": [1, 2]} x`:   `say [{"a":[1,2]},"x"]`,
		`say {"a": 1`:           `say ["{\"a\":",1]`,
		`say "a b"c "d e"`:      `say ["\"a","b\"c","d e"]`,
		`say?`:                  `say [] asks`,
		`? ["say", 1]`:          `say [1] asks`,
		`["say?", "x"]`:         `say? ["x"]`,
		`?`:                     `want an event first: event arg…, or ["event",arg…]`,
		`[""]`:                  `want the event first: ["event",arg…]`,
		`[`:                     `not a JSON array: unexpected end of JSON input`,
	} {
		l, err := parseLine(text)
		list := []any{}
		got := l.event + " " + string(encode(append(list, l.args...)))
		if l.ask {
			got += " asks"
		}
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
