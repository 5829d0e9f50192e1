package contract

import "testing"

func TestNames(t *testing.T) {
	for _, test := range []struct {
		what, of, want string
		got            func(string) string
	}{
		{"identifier", "/", "Main", identifier},
		{"identifier", "/chat", "Chat", identifier},
		{"identifier", "/org-{id}/room_{n...}", "OrgIdRoom_N", identifier},
		{"identifier", "/2fa", "N2fa", identifier},
		{"identifier", "line", "Line", identifier},
		{"identifier", "/été", "Été", identifier},
		{"lowerFirst", "RoomInfo", "roomInfo", lowerFirst},
		{"lowerFirst", "URL", "url", lowerFirst},
		{"lowerFirst", "URLPath", "urlPath", lowerFirst},
		{"lowerFirst", "line", "line", lowerFirst},
		{"word", "/org-{id}", "org-id", func(s string) string { return word(s, "main") }},
		{"word", "/", "main", func(s string) string { return word(s, "main") }},
		{"word", "new message", "new_message", func(s string) string { return word(s, "event") }},
		{"key", "said", "said", key},
		{"key", "new message", `"new message"`, key},
		{"key", "2nd", `"2nd"`, key},
		{"key", "", `""`, key},
		{"key", "a\"b\\c\n\u2028", `"a\"b\\c\u000a\u2028"`, key},
	} {
		if got := test.got(test.of); got != test.want {
			t.Errorf("%s of %q is %s, want %s", test.what, test.of, got, test.want)
		}
	}
}

func TestNamesArePickedOnce(t *testing.T) {
	taken := names{}
	for _, want := range []string{"Chat", "Chat2", "Chat3"} {
		if got := taken.pick("Chat"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestCommentsAreOfWhatTheyStandAt(t *testing.T) {
	c, err := Read(t.Context(), "", "./testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	for _, ns := range c.Namespaces {
		for _, e := range append(ns.ToClient, ns.ToServer...) {
			docs[e.Name] = e.Doc
		}
	}
	for name, want := range map[string]string{
		"join": "Join enters a room.",
		"say":  "text", // what is above heads its paragraph
		"draw": "Draw has an argument of another package. */ ends no comment.",
		"said": "",
	} {
		if docs[name] != want {
			t.Errorf("%s: %q, want %q", name, docs[name], want)
		}
	}
}
