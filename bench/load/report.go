package load

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
)

// Report is what was measured. Its JSON is what programs read.
type Report struct {
	URL         string   `json:"url"`
	Protocol    Protocol `json:"protocol"`
	Mode        Mode     `json:"mode"`
	Connections int      `json:"connections"`
	Members     int      `json:"members,omitempty"` // of a room
	Window      int      `json:"window,omitempty"`
	Rate        float64  `json:"rate,omitempty"`
	Size        int      `json:"size,omitempty"`
	Ack         bool     `json:"ack,omitempty"`

	// Seconds is the time that was measured, Messages how many were delivered
	// in it: to each member of a room, or there and back; connections of
	// Connect.
	Seconds  float64 `json:"seconds"`
	Messages int     `json:"messages"`
	Latency  Latency `json:"latency"`

	// Connecting is how the connections were made, before the time that was
	// measured; of Connect, in that time.
	Connecting Connecting `json:"connecting"`
	// Server is nil if its process is not known.
	Server *Server `json:"server,omitempty"`
	// ClientCores is how much of a core the load itself took. Near 1 it is the
	// load that limits, not the server.
	ClientCores float64 `json:"clientCores"`
	// Memory is by how many bytes the private memory of the server had grown at
	// the end of Idle.
	Memory int `json:"memory,omitempty"`

	Faults Faults `json:"faults"`
	// Drop is why the first of Faults.Dropped was.
	Drop string `json:"drop,omitempty"`
}

// Latency is from when a message was due until it arrived, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99.9"`
	Max  float64 `json:"max"`
}

// Connecting is from the TCP connection until the socket is in its namespace.
type Connecting struct {
	PerSecond float64 `json:"perSecond"`
	// CPU is the server's milliseconds for each, 0 if its process is not known.
	CPU float64 `json:"cpuMs,omitempty"`
}

// Server is what the server's process and its descendants used.
type Server struct {
	User   float64 `json:"userUs"`   // microseconds of CPU per message
	System float64 `json:"systemUs"` // the same, in the kernel
	Cores  float64 `json:"cores"`    // how many were busy
}

// PerSecond is how many messages were delivered in a second.
func (r *Report) PerSecond() float64 { return float64(r.Messages) / r.Seconds }

// MemoryPerConnection is the bytes of private memory of the server for each
// connection of Idle.
func (r *Report) MemoryPerConnection() float64 { return float64(r.Memory) / float64(r.Connections) }

// CPU is the microseconds of CPU that the server took for a message.
func (s *Server) CPU() float64 { return s.User + s.System }

// connected notes how the connections were made.
func (r *Report) connected(run *run, took time.Duration, before, after reading) {
	r.Connecting.PerSecond = float64(run.connected) / took.Seconds()
	r.Connecting.CPU = milliseconds(after.server.since(before.server).total()) / float64(run.connected)
}

// measured notes what happened between first and last.
func (r *Report) measured(run *run, first, last seen, before, after reading) {
	r.Seconds = (last.at - first.at).Seconds()
	r.Messages = last.count - first.count
	r.ClientCores = after.self.since(before.self).total().Seconds() / r.Seconds
	used := after.server.since(before.server)
	if run.config.Mode == Connect {
		r.Connecting.PerSecond = r.PerSecond()
		if r.Messages > 0 {
			r.Connecting.CPU = milliseconds(used.total()) / float64(r.Messages)
		}
	}
	if run.meter.server == nil {
		return
	}
	r.Server = &Server{Cores: used.total().Seconds() / r.Seconds}
	if r.Messages > 0 {
		r.Server.User = float64(used.user.Microseconds()) / float64(r.Messages)
		r.Server.System = float64(used.system.Microseconds()) / float64(r.Messages)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// finish returns the report of the run.
func (r *run) finish() *Report {
	c, report := r.config, r.report
	report.URL, report.Protocol, report.Mode, report.Connections = c.URL, c.Protocol, c.Mode, c.Connections
	if c.Mode == Rooms {
		report.Members = c.Members
	}
	if r.plan.next != nil {
		report.Size, report.Rate, report.Ack = c.Size, c.Rate, c.Ack
		if c.Rate == 0 {
			report.Window = c.Window
		}
	}
	quantile := func(q float64) float64 { return float64(r.latency.ValueAtQuantile(q)) / 1000 }
	report.Latency = Latency{quantile(50), quantile(99), quantile(99.9), float64(r.latency.Max()) / 1000}
	report.Faults = r.ledger.faults
	if r.firstDrop != nil {
		report.Drop = r.firstDrop.Error()
	}

	return &report
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(table, "  %s\t"+format+"\n", append([]any{name}, args...)...)
	}
	line("load", "%s", r.load())
	switch r.Mode {
	case Connect:
	case Idle:
		line("connecting", "%s/s%s", machine.Count(r.Connecting.PerSecond), r.connectCPU())
	default:
		line("messages", "%s/s, %s in %.1f s", machine.Count(r.PerSecond()), machine.Count(float64(r.Messages)), r.Seconds)
	}
	if r.Mode == Connect {
		line("connections", "%s/s%s", machine.Count(r.Connecting.PerSecond), r.connectCPU())
	}
	if r.Mode != Idle {
		line("latency", "p50 %s, p99 %s, p99.9 %s, max %s", ms(r.Latency.P50), ms(r.Latency.P99), ms(r.Latency.P999), ms(r.Latency.Max))
	}
	r.writeServer(line)
	limits := ""
	if r.ClientCores > 0.9 {
		limits = "; it may be what limits"
	}
	line("this client", "%.2f cores%s", r.ClientCores, limits)
	line("faults", "%s", r.Faults)
	if r.Drop != "" {
		line("", "first: %s", r.Drop)
	}
	_ = table.Flush() // a strings.Builder does not fail
	_, err := io.WriteString(w, b.String())

	return err
}

func (r *Report) writeServer(line func(name, format string, args ...any)) {
	switch {
	case r.Server == nil:
		line("server", "not measured: its process is not known (--pid)")
	case r.Mode == Idle:
		line("server", "%s B of private memory a connection, %.2f cores", machine.Count(r.MemoryPerConnection()), r.Server.Cores)
	case r.Mode == Connect:
		line("server", "%.2f cores", r.Server.Cores)
	default:
		line("server", "%.2f µs of CPU a message (user %.2f, kernel %.2f), %.2f cores", r.Server.CPU(), r.Server.User, r.Server.System, r.Server.Cores)
	}
}

// load says in words what was done.
func (r *Report) load() string {
	s := fmt.Sprintf("%s, %s connections", r.Mode, machine.Count(float64(r.Connections)))
	switch r.Mode {
	case Idle:
		return s
	case Connect:
		if r.Rate > 0 {
			return s + fmt.Sprintf(", %g replaced a second", r.Rate)
		}
		return s + " at a time"
	case Rooms:
		s += fmt.Sprintf(" in rooms of %d", r.Members)
	}
	s += fmt.Sprintf(", %d B", r.Size)
	switch {
	case r.Rate > 0:
		s += fmt.Sprintf(", %g sent a second", r.Rate)
	case r.Mode == Echo || r.Mode == Polling:
		s += fmt.Sprintf(", %d of each under way", r.Window)
	default:
		s += fmt.Sprintf(", %d under way", r.Window)
	}
	if r.Ack {
		s += ", acknowledged"
	}

	return s
}

func (r *Report) connectCPU() string {
	if r.Server == nil {
		return ""
	}
	return fmt.Sprintf(", %.3f ms of the server's CPU each", r.Connecting.CPU)
}

func ms(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.2f ms", v)
	}
	return fmt.Sprintf("%.0f ms", v)
}
