package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// target is a namespace of a server, and how to get into it.
type target struct {
	URL string `arg:"" help:"The server, such as http://127.0.0.1:3000/chat. As in the official client, the path is the namespace and the query is sent along."`

	Auth      []string      `help:"What the server is told at the namespace's door: a JSON object, @FILE with one, or KEY=VALUE with a string. May be repeated." sep:"none" placeholder:"JSON|@FILE|KEY=VALUE"`
	Header    []string      `help:"Header of each request. May be repeated." short:"H" sep:"none" placeholder:"NAME: VALUE"`
	Transport string        `help:"Use only this transport: websocket or polling (default: websocket, else polling)." enum:",websocket,polling" default:"" placeholder:"NAME"`
	Path      string        `help:"Where the server answers (default: /socket.io/)." default:"/socket.io/" placeholder:"PATH"`
	Timeout   time.Duration `help:"How long connecting may take, and an acknowledgement (default: 5s)." default:"5s" placeholder:"TIME"`
}

// socket returns what connects there.
func (t target) socket(config client.Config) (*client.Socket, error) {
	if t.Timeout <= 0 {
		return nil, fmt.Errorf("--timeout %v: want more than nothing, such as 5s", t.Timeout)
	}
	auth, err := t.auth()
	if err != nil {
		return nil, err
	}
	if auth != nil {
		config.Auth = auth
	}
	config.Engine.Header = http.Header{}
	for _, line := range t.Header {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("--header %q: want 'NAME: VALUE'", line)
		}
		config.Engine.Header.Add(name, strings.TrimSpace(value))
	}
	if t.Transport != "" {
		config.Engine.Transports = []string{t.Transport}
		config.Engine.NoUpgrade = true
	}
	config.Path = strings.TrimSuffix(t.Path, "/") + "/" // which official servers and clients have
	config.Timeout = t.Timeout
	address := t.URL
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}

	return client.New(address, config), nil
}

// auth returns the members of what Auth lists, nil for nothing.
func (t target) auth() (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	for _, item := range t.Auth {
		object := []byte(item)
		if file, ok := strings.CutPrefix(item, "@"); ok {
			var err error
			if object, err = os.ReadFile(file); err != nil {
				return nil, fmt.Errorf("--auth: %w", err)
			}
		} else if name, value, ok := strings.Cut(item, "="); ok && !strings.HasPrefix(strings.TrimSpace(item), "{") {
			object, _ = json.Marshal(map[string]string{name: value})
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(object, &members); err != nil || members == nil {
			return nil, errors.New("--auth: want a JSON object, @FILE with one, or KEY=VALUE") // the value is a secret
		}
		if all == nil {
			all = map[string]json.RawMessage{}
		}
		for name, value := range members {
			all[name] = value
		}
	}

	return all, nil
}

// join connects. Unlike the client, it gives up when the first attempt fails.
func (t target) join(ctx context.Context, s *client.Socket) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var joined atomic.Bool
	s.OnConnectError(func(_ context.Context, err error) error {
		if !joined.Load() {
			cancel(err)
		}
		return nil
	})
	err := s.Connect(ctx)
	joined.Store(true)
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}

	return t.advise(err)
}

// advise adds to an error what can be done about it. What the server said of it can't
// do anything to a terminal.
func (t target) advise(err error) error {
	text := clean(err.Error())
	refused, ok := errors.AsType[*brio.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case ok && refused.Data != nil:
		data, _ := json.Marshal(refused.Data)
		return fmt.Errorf("%s %s: is the namespace right, and --auth what the server wants?", text, clean(string(data)))
	case ok:
		return fmt.Errorf("%s: is the namespace right, and --auth what the server wants?", text)
	default:
		return fmt.Errorf("%s: does a Socket.IO server run there, and does it answer at --path %s?", text, t.Path)
	}
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	// Of a terminal, all nil or false elsewhere:
	terminal bool                     // somebody types, and reads
	colour   bool                     // and likes colours
	raw      func() (func(), error)   // has keys arrive as they are pressed, until what it returns is called
	size     func() (width, rows int) // of it, zeros if unknown
}
