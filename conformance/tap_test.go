package conformance

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// result is what one test of a script came to.
type result struct {
	name    string // of the test, behind those of the groups it is in
	problem string // why it failed; empty if it passed
}

var (
	tapBegin = regexp.MustCompile(`^( *)# Subtest: (.*)$`)
	tapEnd   = regexp.MustCompile(`^( *)(not )?ok \d+ - (.*?)( # (?:SKIP|TODO).*)?$`)
)

const tapIndent = 4 // spaces for each level of groups

// parseTAP reads what Node.js reports in the Test Anything Protocol. Groups are
// no results: their tests are. A test that was skipped has a problem.
func parseTAP(report string) []result {
	var results []result
	var names []string // the test being reported, behind the groups around it
	lines := strings.Split(report, "\n")
	for i, line := range lines {
		if m := tapBegin.FindStringSubmatch(line); m != nil {
			level := len(m[1]) / tapIndent
			names = append(names[:min(level, len(names))], tapUnescape(m[2]))
			continue
		}
		m := tapEnd.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		level := min(len(m[1])/tapIndent, len(names))
		details := tapDetails(lines[i+1:], m[1])
		if strings.Contains(details, "type: 'suite'") && (m[2] == "" || strings.Contains(details, "'subtestsFailed'")) {
			continue
		}
		r := result{name: strings.Join(append(names[:level:level], tapUnescape(m[3])), "/")}
		switch {
		case m[4] != "":
			r.problem = "not run:" + m[4]
		case m[2] != "":
			r.problem = "failed:\n" + details
		}
		results = append(results, r)
	}
	return results
}

// tapDetails returns the block of YAML that may follow a result.
func tapDetails(lines []string, indent string) string {
	if len(lines) == 0 || lines[0] != indent+"  ---" {
		return ""
	}
	var details strings.Builder
	for _, line := range lines[1:] {
		if line == indent+"  ..." {
			break
		}
		details.WriteString(strings.TrimPrefix(line, indent) + "\n")
	}
	return details.String()
}

func tapUnescape(name string) string {
	return strings.NewReplacer(`\\`, `\`, `\#`, `#`).Replace(name)
}

func TestParseTAP(t *testing.T) {
	const report = `TAP version 13
# Subtest: passes \# well
ok 1 - passes \# well
  ---
  duration_ms: 1.4
  ...
# Subtest: group
    # Subtest: inner
    not ok 1 - inner
      ---
      error: |-
        first
        second
      ...
    # Subtest: later
    ok 2 - later # SKIP no time
      ---
      duration_ms: 0.1
      ...
    1..2
not ok 2 - group
  ---
  type: 'suite'
  failureType: 'subtestsFailed'
  ...
# something printed
1..2
# tests 3
`
	want := []result{
		{name: "passes # well"},
		{name: "group/inner", problem: "failed:\n  error: |-\n    first\n    second\n"},
		{name: "group/later", problem: "not run: # SKIP no time"},
	}
	if diff := cmp.Diff(want, parseTAP(report), cmp.AllowUnexported(result{})); diff != "" {
		t.Error(diff)
	}
}
