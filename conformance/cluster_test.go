package conformance

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
)

// TestClusters has the clients of two servers reach each other, whatever connects these.
func TestClusters(t *testing.T) {
	node, binary := findNode(t), buildServer(t)
	for name, flags := range map[string]func(*testing.T) [2]string{
		"nats": func(t *testing.T) [2]string {
			url := startNATS(t)
			return [2]string{url, url}
		},
		"natsembed": func(t *testing.T) [2]string {
			one, two := freeAddress(t), freeAddress(t)
			return [2]string{one + "," + two, two + "," + one}
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
			t.Cleanup(cancel)
			urls := flags(t)
			calm := []string{"--ping-interval", "10s", "--ping-timeout", "10s", "--adapter", name, "--adapter-url"} // heartbeats are not what is tested
			other, err := startProcess(ctx, binary, append([]string{"--listen", "127.0.0.1:0"}, append(calm, urls[1])...))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := other.stop(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
			})
			run := func(ctx context.Context, script string, environment []string) (string, error) {
				return node(ctx, script, append(environment, "BRIO_OTHER_URL=http://"+other.address))
			}
			runScriptWith(t, run, binary, "js/cluster/nodes.test.mjs", append(calm, urls[0]))
		})
	}
}

// A server that can't be in its cluster says so, and ends.
func TestClusterIsNotThere(t *testing.T) {
	binary := buildServer(t)
	for adapter, url := range map[string]string{"nats": "nats://127.0.0.1:1", "natsembed": "nonsense"} {
		p, err := startProcess(t.Context(), binary, []string{"--listen", "127.0.0.1:0", "--adapter", adapter, "--adapter-url", url})
		if err == nil {
			_ = p.stop(syscall.SIGKILL)
			t.Errorf("%s: it listens", adapter)
		}
	}
}

// startNATS runs a NATS server until the test ends.
func startNATS(t *testing.T) (url string) {
	t.Helper()
	s, err := natsd.NewServer(&natsd.Options{Host: "127.0.0.1", Port: natsd.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("no NATS server")
	}
	return s.ClientURL()
}

// freeAddress returns an address of this machine that nobody has for now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
