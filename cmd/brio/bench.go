package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/briohq/brio/bench/load"
)

type bench struct {
	URL string `arg:"" help:"The server, such as http://127.0.0.1:3000. As in the official client, the path is the namespace and the query is sent along."`

	Mode        load.Mode     `help:"What the clients do: idle, connect, echo, broadcast, rooms or polling (see below)." enum:"idle,connect,echo,broadcast,rooms,polling" default:"echo" short:"m"`
	Connections int           `help:"How many clients (default: 1000; echo 100, polling 50, connect 16 at a time)." short:"c" placeholder:"N"`
	Members     int           `help:"Clients of a room, in mode rooms (default: 10)." placeholder:"N"`
	Window      int           `help:"Messages under way: of each client in echo and polling, in all in broadcast and rooms (default: 1; broadcast 2, rooms 100)." short:"w" placeholder:"N"`
	Rate        float64       `help:"Messages sent a second, whether or not those before have arrived, instead of a window; in connect, connections replaced a second, which stay until then." short:"r" placeholder:"N"`
	Size        int           `help:"Bytes of a message (default: 64)." default:"64" short:"s" placeholder:"N"`
	Ack         bool          `help:"Ask for acknowledgements, in echo and polling."`
	Warmup      time.Duration `help:"Time under load before measuring." default:"1s"`
	Duration    time.Duration `help:"Time to measure." default:"5s" short:"d"`
	Timeout     time.Duration `help:"How long a connection may take, and a message before it is given up." default:"10s"`
	Handshakes  int           `help:"Connections made at a time (default: 64)." default:"64" placeholder:"N"`

	Path     string        `help:"Where the server answers (default: /socket.io/)." placeholder:"PATH"`
	Header   []string      `help:"Header of each request." short:"H" sep:"none" placeholder:"NAME: VALUE"`
	Auth     string        `help:"What each client connects to the namespace with." placeholder:"JSON"`
	Protocol load.Protocol `help:"What the server speaks: socketio or centrifuge." enum:"socketio,centrifuge" default:"socketio"`

	PID  int  `name:"pid" help:"The server's process on this machine, to measure what it and its descendants use of CPU and memory." placeholder:"PID"`
	JSON bool `name:"json" help:"Print the report as JSON."`
}

// Help is the end of brio bench --help.
func (bench) Help() string {
	return `Modes:

  idle       connect, and stay: memory of a connection (with --pid), and what connecting takes
  connect    connect and leave, again and again
  echo       each client sends to itself
  broadcast  one client sends to all
  rooms      clients send to their rooms, chosen at random
  polling    echo over HTTP long-polling

Any Socket.IO server will do for idle and connect. For the others each socket
joins the room that ?room= of its connection names, or "room"; answers the event
echo with the same arguments (or acknowledges it with them); and sends those of
pub to its room, itself included, as msg. In JavaScript:

  io.on("connection", (socket) => {
    const room = socket.handshake.query.room ?? "room";
    socket.join(room);
    socket.on("echo", (...args) => {
      const ack = typeof args.at(-1) === "function" ? args.pop() : null;
      ack ? ack(...args) : socket.emit("echo", ...args);
    });
    socket.on("pub", (...args) => io.to(room).emit("msg", ...args));
  });

Without --rate the next message is sent when one has arrived everywhere: look at
throughput and CPU. With it, look at latency, which counts from when a message
was due. It fails if a message was lost, duplicated, out of order, or reached
another room. It needs Linux, and makes no TLS connections.`
}

// Run measures, and fails for what the server did wrong.
func (b bench) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	return b.measure(ctx, os.Stdout, &progress{out: os.Stderr, animated: isTerminal(os.Stderr)})
}

func (b bench) measure(ctx context.Context, out io.Writer, show *progress) error {
	// One thread does it all; others would only take turns with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	report, err := load.Run(ctx, b.config(show.show))
	show.end()
	if err != nil {
		return err
	}
	if err := b.write(out, report); err != nil {
		return err
	}
	if report.Faults.Any() {
		return errors.New(report.Faults.String())
	}

	return nil
}

func (b bench) config(show func(load.Progress)) load.Config {
	c := load.Config{
		URL: b.URL, Path: b.Path, Header: b.Header, Protocol: b.Protocol, Mode: b.Mode,
		Connections: b.Connections, Members: b.Members, Window: b.Window, Rate: b.Rate, Size: b.Size, Ack: b.Ack,
		Warmup: b.Warmup, Duration: b.Duration, Timeout: b.Timeout, Handshakes: b.Handshakes,
		PID: b.PID, Progress: show,
	}
	if b.Auth != "" {
		c.Auth = json.RawMessage(b.Auth)
	}
	if b.Warmup == 0 {
		c.Warmup = -1
	}

	return c
}

func (b bench) write(w io.Writer, report *load.Report) error {
	if !b.JSON {
		return report.WriteText(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")

	return e.Encode(report)
}

// progress shows how it goes: in one line of a terminal, else a line for each
// phase.
type progress struct {
	out      io.Writer
	animated bool
	phase    string
}

func (p *progress) show(now load.Progress) {
	if !p.animated && now.Phase == p.phase {
		return
	}
	p.phase = now.Phase
	var b strings.Builder
	if p.animated {
		b.WriteString("\r\x1b[K")
	}
	fmt.Fprintf(&b, "%s %.1f", now.Phase, now.Elapsed.Seconds())
	if now.Planned > 0 {
		fmt.Fprintf(&b, " of %.1f", now.Planned.Seconds())
	}
	fmt.Fprintf(&b, " s, %d of %d connected", now.Connected, now.Connections)
	if now.PerSecond > 0 {
		fmt.Fprintf(&b, ", %.0f/s", now.PerSecond)
	}
	if now.Faults.Any() {
		fmt.Fprintf(&b, ", %s", now.Faults)
	}
	if !p.animated {
		b.WriteString("\n")
	}
	_, _ = io.WriteString(p.out, b.String()) // who closed it does not want to read it
}

// end leaves the line to what is printed next.
func (p *progress) end() {
	if p.animated && p.phase != "" {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
	}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
