package main

import (
	"path/filepath"
	"strconv"
	"strings"
)

// A server is one that is measured.
type server struct {
	name     string
	about    string
	byHand   string
	command  func(dir string) []string // dir is where what was built is
	env      []string
	node     bool
	eiows    bool
	protocol string // "" is Socket.IO
	floor    bool
	extra    bool // measured only if it is named
}

func servers() []server {
	built := func(name string, args ...string) func(string) []string {
		return func(dir string) []string { return append([]string{filepath.Join(dir, name)}, args...) }
	}
	node := func(args ...string) func(string) []string {
		return func(string) []string { return append([]string{"node", "bench/peers/socketio.mjs"}, args...) }
	}

	list := []server{
		{
			name: "floor", floor: true, command: built("floor"), byHand: "go run ./bench/floor",
			about: "bare epoll, frames by hand; a write for each delivery",
		},
		{
			name: "floor-coalesce", floor: true, command: built("floor", "--coalesce"), byHand: "go run ./bench/floor --coalesce",
			about: "the same, one write for what gathers for a connection in a turn",
		},
		{
			name: "brio", command: built("server"), byHand: "go run ./bench/server",
			about: "brio with its defaults",
		},
		{
			name: "centrifuge", protocol: "centrifuge", command: built("centrifuge"), byHand: "go run -C bench/peers ./centrifuge",
			about: "github.com/centrifugal/centrifuge, its own JSON protocol, a read buffer of 1 KiB",
		},
		{
			name: "socketio-ws", node: true, command: node(), byHand: "node bench/peers/socketio.mjs",
			about: "socket.io on Node.js, with ws and its defaults",
		},
		{
			name: "socketio-eiows", node: true, eiows: true, command: node("--ws", "eiows"), byHand: "node bench/peers/socketio.mjs --ws eiows",
			about: "the same with eiows, a WebSocket engine in C++",
		},
	}
	for _, v := range []struct{ name, about, env string }{
		{"brio-gogc50", "brio with GOGC=50: half of what is live may be garbage", "GOGC=50"},
		{"brio-gogc200", "brio with GOGC=200", "GOGC=200"},
		{"brio-gogc400", "brio with GOGC=400", "GOGC=400"},
		{"brio-memlimit", "brio with GOGC=off and GOMEMLIMIT=256MiB: it collects only when it would have more", "GOGC=off GOMEMLIMIT=256MiB"},
	} {
		list = append(list, server{
			name: v.name, about: v.about, extra: true, env: strings.Fields(v.env),
			command: built("server"), byHand: v.env + " go run ./bench/server",
		})
	}

	return list
}

// usual are the servers that are measured if none is named.
func usual() []string {
	var names []string
	for _, s := range servers() {
		if !s.extra {
			names = append(names, s.name)
		}
	}

	return names
}

// measures reports whether the server can be measured in a mode.
func (s server) measures(m mode) bool { return !(m.polling && s.protocol != "") }

// What a mode is about.
type figure int

const (
	perMessage figure = iota // microseconds of CPU
	perConnect               // milliseconds of CPU
	memory                   // bytes for each connection
)

// A mode is one way to load a server.
type mode struct {
	name    string
	about   string
	args    []string // of brio bench
	figure  figure
	polling bool
	twoCore bool
	paced   bool // at a rate, the same for all servers
}

func modes(quick bool) []mode {
	idle := 15_000 // a process may have 20,000 files
	if quick {
		idle = 1000
	}
	args := func(mode string, more ...string) []string { return append([]string{"--mode", mode}, more...) }

	return []mode{
		{name: "idle", figure: memory, args: args("idle", "--connections", strconv.Itoa(idle)), about: strconv.Itoa(idle) + " connections that do nothing"},
		{name: "connect", figure: perConnect, args: args("connect"), about: "connect and leave, 16 at a time"},
		{name: "echo-w1", args: args("echo"), about: "100 connections, 64 B, one message of each under way"},
		{name: "echo-w16", args: args("echo", "--window", "16"), about: "the same with 16 of each"},
		{name: "bcast64-w2", args: args("broadcast"), about: "1,000 subscribers, 64 B, 2 publications under way"},
		{name: "bcast64-w16", args: args("broadcast", "--window", "16"), about: "the same with 16"},
		{name: "bcast1k-w2", args: args("broadcast", "--size", "1024"), about: "1,000 subscribers, 1 KiB, 2 publications under way"},
		{name: "bcast64-rate", paced: true, args: args("broadcast", "--rate", "20"), about: "1,000 subscribers, 64 B, 20 publications a second whatever the server does: look at latency"},
		{name: "rooms", args: args("rooms"), about: "100 rooms of 10, random publishers, 64 B, 100 publications under way"},
		{name: "polling", polling: true, args: args("polling"), about: "echo over HTTP long-polling, 50 clients, 64 B, one message of each under way"},
		{name: "bcast64-w2-2core", twoCore: true, args: args("broadcast"), about: "bcast64-w2, server and load sharing two cores"},
		{name: "bcast64-w16-2core", twoCore: true, args: args("broadcast", "--window", "16"), about: "bcast64-w16, server and load sharing two cores"},
	}
}
