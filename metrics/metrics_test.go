package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limit is one that was exceeded so many times.
type limit int64

func (l limit) Exceeded() int64 { return int64(l) }

// page returns the lines of brio's metrics, without buckets, and the whole.
func page(m *Metrics) (lines []string, all string) {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	all = w.Body.String()
	for line := range strings.Lines(all) {
		if strings.HasPrefix(line, prefix) && !strings.Contains(line, "_bucket{") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}

	return lines, all
}

// work has a server do everything that is counted, and returns its metrics.
func work(t *testing.T) *Metrics {
	t.Helper()
	m := New(Config{Limits: map[string]Limit{"chat": limit(7)}})
	server := brio.NewServer(brio.Config{Observer: m.Observer(), Recovery: &brio.Recovery{}})
	ns := server.Of("/org-{id}")
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		if s.PathValue("id") == "closed" {
			return errors.New("closed")
		}
		return nil
	})
	for event, f := range map[string]func() error{
		"ok":     func() error { time.Sleep(2 * time.Second); return nil },
		"refuse": func() error { return brio.Errorf("no") },
		"ignore": func() error { return brio.ErrIgnore },
		"fail":   func() error { return errors.New("broken") },
		"panic":  func() error { panic("oh") },
	} {
		ns.On(event, func(context.Context, *brio.Socket, brio.Args) error { return f() })
	}
	m.Watch(server)
	net := briotest.Serve(t, server)
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/socket.io/?EIO=4&transport=carrier-pigeon", nil))

	polling := client.Config{}
	polling.Engine.Transports = []string{"polling", "websocket"}
	one := net.Connect(t, "/org-1", polling)
	two := net.Connect(t, "/org-2", client.Config{})
	two.On("ask", func(_ context.Context, args brio.Args) error { time.Sleep(time.Second); return args.Ack(1) })
	net.Refused(t, "/org-closed", client.Config{})
	synctest.Wait() // until its namespace has been collected
	for _, event := range []string{"ok", "refuse", "ignore", "fail", "panic", "a", "b", "c"} {
		_ = one.Emit(event)
	}
	_ = ns.Emit("hello", "all")
	m.Observer().AdapterFailed(ns, "broadcast", errors.New("no broker"))
	for s := range ns.Sockets() {
		m.Observer().Dropped(s)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, _ = s.Do(ctx, "ask")
		cancel()
	}
	synctest.Wait()
	two.Close()
	one.Drop()
	time.Sleep(time.Second) // it comes back
	synctest.Wait()

	return m
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines, all := page(work(t))
		got := map[string]string{}
		for _, line := range lines {
			name, value := cut(line)
			got[name] = value
		}
		want := map[string]string{}
		for line := range strings.Lines(counted) {
			name, value := cut(strings.TrimSpace(line))
			want[name] = value
		}
		for _, vague := range []string{"brio_received_bytes_total", "brio_sent_bytes_total", "brio_received_packets_total", "brio_sent_packets_total", "brio_writes_total", "brio_recovery_bytes", `brio_connection_duration_seconds_sum{transport="websocket"}`} {
			if got[vague] == "" || got[vague] == "0" {
				t.Errorf("%s is %q", vague, got[vague])
			}
			delete(got, vague)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("metrics (-want +got):\n%s", d)
		}
		for _, name := range []string{"go_goroutines", `brio_handler_duration_seconds_bucket{event="ok",namespace="/org-{id}",le="1"} 0`, `brio_handler_duration_seconds_bucket{event="ok",namespace="/org-{id}",le="3"} 1`} {
			if !strings.Contains(all, name) {
				t.Errorf("there is no %s", name)
			}
		}
	})
}

// cut returns a series and its value.
func cut(line string) (series, value string) {
	i := strings.LastIndex(line, " ")

	return line[:i], line[i+1:]
}

const counted = `brio_ack_duration_seconds_count{event="ask",namespace="/org-{id}"} 1
brio_ack_duration_seconds_sum{event="ask",namespace="/org-{id}"} 1
brio_acks_missing_total{event="ask",namespace="/org-{id}"} 1
brio_adapter_errors_total{namespace="/org-{id}",operation="broadcast"} 1
brio_connect_errors_total{namespace="/org-{id}"} 1
brio_connection_duration_seconds_count{transport="websocket"} 3
brio_connections 1
brio_connections_closed_total{reason="transport close",transport="websocket"} 2
brio_connections_closed_total{reason="transport error",transport="websocket"} 1
brio_connections_opened_total{transport="polling"} 2
brio_connections_opened_total{transport="websocket"} 2
brio_event_wait_seconds_count{namespace="/org-{id}"} 8
brio_event_wait_seconds_sum{namespace="/org-{id}"} 14
brio_events_delivered_total{event="ask",namespace="/org-{id}"} 2
brio_events_delivered_total{event="error",namespace="/org-{id}"} 1
brio_events_delivered_total{event="hello",namespace="/org-{id}"} 2
brio_events_dropped_total{namespace="/org-{id}"} 2
brio_events_emitted_total{event="ask",namespace="/org-{id}"} 2
brio_events_emitted_total{event="error",namespace="/org-{id}"} 1
brio_events_emitted_total{event="hello",namespace="/org-{id}"} 2
brio_events_handled_total{event="connect",namespace="/org-{id}",result="error"} 1
brio_events_handled_total{event="connect",namespace="/org-{id}",result="ok"} 3
brio_events_handled_total{event="disconnect",namespace="/org-{id}",result="ok"} 2
brio_events_handled_total{event="fail",namespace="/org-{id}",result="error"} 1
brio_events_handled_total{event="ignore",namespace="/org-{id}",result="ignored"} 1
brio_events_handled_total{event="ok",namespace="/org-{id}",result="ok"} 1
brio_events_handled_total{event="other",namespace="/org-{id}",result="ok"} 3
brio_events_handled_total{event="panic",namespace="/org-{id}",result="error"} 1
brio_events_handled_total{event="refuse",namespace="/org-{id}",result="refused"} 1
brio_handler_duration_seconds_count{event="connect",namespace="/org-{id}"} 4
brio_handler_duration_seconds_count{event="disconnect",namespace="/org-{id}"} 2
brio_handler_duration_seconds_count{event="fail",namespace="/org-{id}"} 1
brio_handler_duration_seconds_count{event="ignore",namespace="/org-{id}"} 1
brio_handler_duration_seconds_count{event="ok",namespace="/org-{id}"} 1
brio_handler_duration_seconds_count{event="other",namespace="/org-{id}"} 3
brio_handler_duration_seconds_count{event="panic",namespace="/org-{id}"} 1
brio_handler_duration_seconds_count{event="refuse",namespace="/org-{id}"} 1
brio_handler_duration_seconds_sum{event="connect",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="disconnect",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="fail",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="ignore",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="ok",namespace="/org-{id}"} 2
brio_handler_duration_seconds_sum{event="other",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="panic",namespace="/org-{id}"} 0
brio_handler_duration_seconds_sum{event="refuse",namespace="/org-{id}"} 0
brio_handlers_running{namespace="/org-{id}"} 0
brio_backlog_bytes 0
brio_inbox_bytes 0
brio_intake_exceeded_total 0
brio_limit_exceeded_total{limit="chat"} 7
brio_namespaces 3
brio_panics_total{handler="event",namespace="/org-{id}"} 1
brio_recoveries_total{namespace="/org-{id}",result="recovered"} 1
brio_requests_refused_total{code="0"} 1
brio_rooms_exceeded_total 0
brio_shed_total 0
brio_sockets 1
brio_sockets_connected_total{namespace="/org-{id}"} 3
brio_sockets_disconnected_total{namespace="/org-{id}",reason="client namespace disconnect"} 1
brio_sockets_disconnected_total{namespace="/org-{id}",reason="transport error"} 1
brio_upgrades_total{from="polling",to="websocket"} 2`

// What a program makes without bound has no labels without bound.
func TestLabelsAreBounded(t *testing.T) {
	m := New(Config{MaxSeries: 10})
	server := brio.NewServer(brio.Config{Observer: m.Observer()})
	defer server.Shutdown(t.Context())
	for i := range 100 {
		_ = server.Of(fmt.Sprint("/", i%3)).Emit(fmt.Sprint("event", i))
	}
	_ = server.Of("/1").Emit("not\xffUTF-8")
	for i := range 100 {
		_ = server.Of(fmt.Sprint("/more", i)).Emit("event")
	}
	lines, _ := page(m)
	emitted := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "brio_events_emitted_total") {
			emitted++
		}
	}
	if emitted > 2*10+1 {
		t.Errorf("with 10 series there are %d", emitted)
	}
	for _, want := range []string{`brio_events_emitted_total{event="event0",namespace="/0"} 1`, `{event="other",namespace="/0"}`, `{event="other",namespace="other"}`} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("there is no %s among\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// promtool has nothing to say about the page, and every metric is on it.
func TestPromtoolAcceptsThePage(t *testing.T) {
	var all string
	synctest.Test(t, func(t *testing.T) { _, all = page(work(t)) })
	for name := range described() {
		if !strings.Contains(all, "\n# TYPE "+name+" ") {
			t.Errorf("%s is not on the page of a server that has done everything", name)
		}
	}
	if out := promtool(t, all, "check", "metrics"); out != "" {
		t.Errorf("promtool: %s", out)
	}
}

// The guide describes the metrics that there are.
func TestGuideNamesTheMetrics(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(brio_[a-z_]+)` \\|.*\\|$").FindAllStringSubmatch(string(text), -1) {
		rows[row[1]] = true
	}
	if d := cmp.Diff(described(), rows); d != "" {
		t.Errorf("metrics of docs/guide/metrics.md (-code +guide):\n%s", d)
	}
	for _, name := range named.FindAllString(string(text), -1) {
		if !exists(name) {
			t.Errorf("the guide names %s, which does not exist", name)
		}
	}
}

// The dashboard asks for metrics that there are, in queries that Prometheus reads.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Title  string
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil || dashboard.Title == "" {
		t.Fatalf("the dashboard %q: %v", dashboard.Title, err)
	}
	ids, asked := map[int]bool{}, map[string]bool{}
	rules := "groups:\n- name: dashboard\n  rules:\n"
	grafana := strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$job", ".*")
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] {
			t.Errorf("panel %q has the id of another", panel.Title)
		}
		ids[panel.ID] = true
		if len(panel.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			expr := grafana.Replace(target.Expr)
			if strings.Contains(expr, "$") {
				t.Errorf("panel %q has a variable that is not known: %s", panel.Title, expr)
			}
			rules += fmt.Sprintf("  - record: panel%d:query%d\n    expr: %q\n", panel.ID, len(asked), expr)
			names := named.FindAllString(expr, -1)
			if len(names) == 0 {
				t.Errorf("panel %q asks for no metric of brio: %s", panel.Title, expr)
			}
			for _, name := range names {
				asked[name] = true
				if !exists(name) {
					t.Errorf("panel %q asks for %s, which does not exist", panel.Title, name)
				}
			}
		}
	}
	for _, v := range dashboard.Templating.List {
		for _, name := range named.FindAllString(v.Definition, -1) {
			if !exists(name) {
				t.Errorf("variable %s asks for %s, which does not exist", v.Name, name)
			}
		}
	}
	if len(asked) < 15 {
		t.Errorf("the dashboard asks for %d metrics only", len(asked))
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "", "check", "rules", "--lint=none", file)
}

// promtool runs it, and returns what it says. The test fails if it is not content.
func promtool(t *testing.T, in string, args ...string) string {
	t.Helper()
	name, err := exec.LookPath("promtool")
	if cache, failed := os.UserCacheDir(); err != nil && failed == nil {
		name, err = exec.LookPath(filepath.Join(cache, "brio", "promtool", "promtool")) // where test.sh puts it
	}
	if err != nil {
		t.Fatal("promtool is missing: on Debian and Ubuntu ./test.sh installs it; elsewhere it is a part of Prometheus, https://prometheus.io/download/, or brew install prometheus")
	}
	command := exec.Command(name, args...)
	command.Stdin = strings.NewReader(in)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}

	return strings.TrimSpace(string(out))
}

var named = regexp.MustCompile(`\bbrio_[a-z_]+\b`)

// exists reports whether there is a series of that name: a metric, or a part of a
// histogram.
func exists(name string) bool {
	all := described()
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if whole, ok := strings.CutSuffix(name, part); ok && strings.HasSuffix(whole, "_seconds") && all[whole] {
			return true
		}
	}

	return all[name]
}

// described returns the names of all metrics.
func described() map[string]bool {
	names := map[string]bool{}
	to := make(chan *prometheus.Desc, 100)
	New(Config{}).Describe(to)
	close(to)
	for d := range to {
		names[named.FindString(d.String())] = true
	}

	return names
}
