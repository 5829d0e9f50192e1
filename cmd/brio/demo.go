package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/briohq/brio/apps"
	"github.com/briohq/brio/apps/site"
)

// patience is how long a shutdown may take.
const patience = 5 * time.Second

type demo struct {
	Listen string `help:"Address to listen on." default:"127.0.0.1:3000" placeholder:"HOST:PORT"`
	Quiet  bool   `help:"Leave out the simulated people."`
	Debug  string `help:"Serve /metrics and /debug/pprof/ at this port of this machine, or at another address." placeholder:"[HOST:]PORT"`
	Data   string `help:"Folder of the database, made if it is not there. Without one, all is forgotten at the end." placeholder:"DIR"`
}

// Run serves until it is interrupted.
func (d demo) Run() error {
	listener, err := net.Listen("tcp", d.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is in use by another program: stop that one, or choose another address, such as\n\n  %s demo --listen %s", d.Listen, program(), another(d.Listen))
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", d.Listen, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	in, err := lookInside(d.Debug)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer in.close()
	s, err := site.Open(site.Config{Data: d.Data, Quiet: d.Quiet, Observer: in.observer(), Logger: logger})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	in.serve(s.Server)
	all := apps.All(s)
	welcome(os.Stdout, listener.Addr(), all)

	return serve(ctx, listener, s, all)
}

// serve serves until ctx is done, and returns when nothing runs any more.
func serve(ctx context.Context, listener net.Listener, s *site.Site, all []site.App) error {
	web := &http.Server{Handler: s.Handler(command(), all...), ReadHeaderTimeout: 10 * time.Second}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() { ended <- shutdown(web, s, all) })

	err := web.Serve(listener)
	cancel()
	if stopped := <-ended; errors.Is(err, http.ErrServerClosed) {
		return stopped
	}

	return fmt.Errorf("serve: %w", err)
}

// shutdown ends the applications, then their sockets, then the rest.
func shutdown(web *http.Server, s *site.Site, all []site.App) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, a := range all {
		a.Close()
	}

	return errors.Join(s.Close(ctx), web.Shutdown(ctx))
}

// welcome says where to look.
func welcome(out *os.File, address net.Addr, all []site.App) {
	bold, accent, muted, plain := "", "", "", ""
	if info, err := out.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" {
		bold, accent, muted, plain = "\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
	}
	start := url(address)

	var b strings.Builder
	fmt.Fprintf(&b, "\n  %sbrio%s is live %s●%s\n\n", bold, plain, accent, plain)
	fmt.Fprintf(&b, "  %-8s%s%s%s\n", "start", bold, start, plain)
	for _, a := range all {
		fmt.Fprintf(&b, "  %-8s%s%s/\n", a.About().Name, start, a.About().Name)
	}
	fmt.Fprintf(&b, "\n  %sCtrl-C ends it.%s\n\n", muted, plain)
	_, _ = out.WriteString(b.String()) // who closed it does not want to read it
}

// url is where a browser on this machine finds the server.
func url(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return "http://" + address.String() + "/"
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}

	return "http://" + net.JoinHostPort(host, port) + "/"
}

// another is the address with the next port.
func another(address string) string {
	host, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil || n >= 65535 {
		return "127.0.0.1:0"
	}

	return net.JoinHostPort(host, strconv.Itoa(n+1))
}

// command is what started this program, as one would type it.
func command() string { return strings.Join(append([]string{program()}, os.Args[1:]...), " ") }

func program() string {
	name := filepath.Base(os.Args[0])
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/" + name
	}

	return name
}
