package shell

import (
	"io/fs"
	"math"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Everything that is read has the contrast of WCAG AA on the paper and under
// the pointer, in both themes; what only bounds a control has that of 1.4.11.
func TestContrast(t *testing.T) {
	css, err := fs.ReadFile(web, "web/brio.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)`).FindAllStringSubmatch(string(css), -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	for name, least := range map[string]float64{
		"ink": 4.5, "muted": 4.5, "accent-text": 4.5, "live": 4.5, "warn": 4.5, "accent": 3, "edge": 3,
	} {
		for theme, label := range []string{"light", "dark"} {
			for _, ground := range []string{"paper", "hover"} {
				if name == "edge" && ground == "hover" {
					continue // nothing that is typed into lies on it
				}
				if got := contrast(t, tokens[name][theme], tokens[ground][theme]); got < least {
					t.Errorf("%s on %s, %s: %.2f to 1, want %.1f", name, ground, label, got, least)
				}
			}
		}
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	high, low := luminance(t, a), luminance(t, b)
	if high < low {
		high, low = low, high
	}

	return (high + 0.05) / (low + 0.05)
}

// luminance is WCAG's relative luminance of a colour such as #fbfaf7.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		if len(color) != 7 {
			t.Fatalf("no such colour: %q", color)
		}
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		part := float64(n) / 255
		if part <= 0.04045 {
			sum += weight * part / 12.92
		} else {
			sum += weight * math.Pow((part+0.055)/1.055, 2.4)
		}
	}

	return sum
}

// What people write must never become markup.
func TestScriptsMakeNoMarkup(t *testing.T) {
	err := fs.WalkDir(web, "web", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		script, err := fs.ReadFile(web, path)
		for _, word := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(string(script), word) {
				t.Errorf("%s uses %s", path, word)
			}
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStartPage(t *testing.T) {
	apps := []About{{Name: "chat", Sentence: "Talk <b>now</b>."}, {Name: "board", Sentence: "Draw."}}
	page := httptest.NewRecorder()
	Start(`brio demo --listen "<x>"`, apps).ServeHTTP(page, httptest.NewRequest("GET", "/", nil))
	body := page.Body.String()
	for _, want := range []string{
		`href="/chat/" data-app="chat"`, `href="/board/" data-app="board"`,
		`Talk &lt;b&gt;now&lt;/b&gt;.`, `brio demo --listen &#34;&lt;x&gt;&#34;`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if policy := page.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}

	missing := httptest.NewRecorder()
	Start("", nil).ServeHTTP(missing, httptest.NewRequest("GET", "/nowhere", nil))
	if missing.Code != 404 {
		t.Errorf("a page that is nowhere: %d, want 404", missing.Code)
	}
}
