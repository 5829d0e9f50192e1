//go:build linux

package exhaustion

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/chat"
	"github.com/briohq/brio/apps/ops"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/client"
)

// The showcase on a disk that is full says so to who wants something stored; what is
// there is read, live events go on, and when there is room again it stores again.
func TestDiskIsFull(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	p, disk := showcase(t)
	ada, bob := visitor(t, p, "ada"), visitor(t, p, "bob")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	guest := dialTo(t, p, "/chat", nil)
	ticks := hear(dialTo(t, p, "/ops", nil), ops.Second)
	typing, said := hear(bob, chat.Typing), hear(bob, chat.Said)
	for _, c := range []*client.Socket{ada, bob} {
		do(t, ctx, chat.Open, c, chat.Opening{Room: "disk"})
	}
	last := do(t, ctx, chat.Say, ada, chat.Draft{Room: "disk", Text: "before", Key: "before"})
	one(t, said, func(m chat.Message) bool { return m.Key == "before" })

	fill(t, disk)
	late := chat.Draft{Room: "disk", Text: strings.Repeat("x", chat.MaxText), Key: "late"}
	for range 3 {
		if m, err := say(ctx, ada, late); err == nil || err.Error() != site.ErrFull.Message {
			t.Fatalf("on a full disk who writes is told %d, %v, want %v; log:\n%s", m.ID, err, site.ErrFull, p.log.String())
		}
	}
	page := do(t, ctx, chat.Open, guest, chat.Opening{Room: "disk"})
	if len(page.Messages) == 0 || page.Messages[len(page.Messages)-1].ID != last.ID {
		t.Errorf("on a full disk one reads %d messages, and not the last that was stored, %d", len(page.Messages), last.ID)
	}
	if err := chat.Typing.Emit(ada, chat.Sign{Room: "disk"}); err != nil {
		t.Error(err)
	}
	one(t, typing, func(s chat.Sign) bool { return s.From.Name == "ada" })
	for range 3 {
		one(t, ticks, func(ops.Tick) bool { return true })
	}
	if res, err := http.Get("http://" + p.address + "/chat/"); err != nil || res.StatusCode != http.StatusOK {
		t.Error("the page is not served: ", res, err)
	} else {
		res.Body.Close()
	}
	eventually(t, "the log says what to do", func() bool { return p.has("make room on the disk") })

	if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
		t.Fatal(err)
	}
	after, err1 := say(ctx, ada, late)
	if again, err2 := say(ctx, ada, late); err1 != nil || err2 != nil || after.ID != last.ID+1 || again.ID != after.ID {
		t.Errorf("what was refused at first is message %d, then %d, after %d: %v, %v", after.ID, again.ID, last.ID, err1, err2)
	}
	one(t, said, func(m chat.Message) bool { return m.Key == late.Key })
}

var live = regexp.MustCompile(`start\s+http://([^/]+)/`)

// showcase starts the showcase on a small disk of its own, and returns that as one
// sees it from here: the process has mounts of its own, which go with it.
func showcase(t *testing.T) (p *process, disk string) {
	t.Helper()
	binary, dir := build(t, "../../cmd/brio", true), t.TempDir()
	script := `mount -t tmpfs -o size=8m none "$1" && exec "$0" demo --quiet --listen 127.0.0.1:0 --data "$1/data"`
	cmd := exec.Command("/bin/sh", "-c", script, binary, dir) //nolint:gosec // it is ours
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 { // who is nobody may be root of a namespace of users
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	p, err := start(cmd, live)
	if err != nil {
		t.Fatal("it needs to mount a tmpfs: as root, or where users may have namespaces: ", err)
	}
	t.Cleanup(func() {
		if err := p.stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	return p, filepath.Join(fmt.Sprintf("/proc/%d/root", p.cmd.Process.Pid), dir)
}

// fill leaves no room on a disk. Nobody has written much before: the database's log
// would be long, and SQLite writes over that before it wants more.
func fill(t *testing.T, disk string) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	some, written := make([]byte, 4096), 0
	for err == nil && written < 64<<20 {
		_, err = f.Write(some)
		written += len(some)
	}
	if err == nil {
		t.Fatal("the disk is not small: is it mounted?")
	}
}

// say says something as soon as the limits of the chat allow it.
func say(ctx context.Context, c *client.Socket, d chat.Draft) (m chat.Message, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		m, err = chat.Say.Do(ctx, c, d)
		if err == nil || !strings.Contains(err.Error(), "too often") {
			return m, err
		}
	}
}

// visitor is somebody who has a pass.
func visitor(t *testing.T, p *process, name string) *client.Socket {
	t.Helper()
	res, err := http.Post("http://"+p.address+"/pass", "application/json", strings.NewReader(fmt.Sprintf(`{"name":%q}`, name)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var got struct{ Pass string }
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil || json.Unmarshal(body.Bytes(), &got) != nil || got.Pass == "" {
		t.Fatalf("there is no pass: %v, %s", err, body.Bytes())
	}
	return dialTo(t, p, "/chat", map[string]string{"pass": got.Pass})
}

func dialTo(t *testing.T, p *process, namespace string, auth any) *client.Socket {
	t.Helper()
	config := with("websocket")
	config.Auth = auth
	return dial(t, p.address+namespace, config)
}

func do[Req, Res any](t *testing.T, ctx context.Context, call brio.Call[Req, Res], c *client.Socket, req Req) Res {
	t.Helper()
	res, err := call.Do(ctx, c, req)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	return res
}

// hear returns what comes of an event; what nobody takes in time is dropped.
func hear[T any](c *client.Socket, event brio.Event[T]) <-chan T {
	heard := make(chan T, 100)
	event.On(c, func(_ context.Context, v T) error {
		select {
		case heard <- v:
		default:
		}
		return nil
	})
	return heard
}

// one waits for one that is wanted.
func one[T any](t *testing.T, heard <-chan T, wanted func(T) bool) {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case v := <-heard:
			if wanted(v) {
				return
			}
		case <-late:
			t.Fatalf("no %T came that is wanted", *new(T))
		}
	}
}
