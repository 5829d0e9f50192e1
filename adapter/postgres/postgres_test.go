package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/brokers"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quick = cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}

// connect returns a pool that is closed after the test.
func connect(t *testing.T, p *brokers.Postgres) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func TestAdapter(t *testing.T) {
	p := brokers.StartPostgres(t)
	for name, threshold := range map[string]int{"notifications": 0, "table": 1} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
				prefix := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
				config := Config{ChannelPrefix: name[:1] + prefix, PayloadThreshold: threshold, Cluster: quick}
				return adaptertest.Cluster{Nodes: []adapter.New{New(connect(t, p), config), New(connect(t, p), config), New(connect(t, p), config)}}
			})
		})
	}
}

func TestOutage(t *testing.T) {
	p := brokers.StartPostgres(t)
	config := Config{Cluster: quick}
	adaptertest.Outage(t, [2]adapter.New{New(connect(t, p), config), New(connect(t, p), config)}, p.Kill, func() { p.Start(t) })
}

// sockets are none.
type sockets struct{ adapter.Sockets }

// What can't work is refused at the start, with what to change.
func TestRefusals(t *testing.T) {
	p := brokers.StartPostgres(t)
	brief := cluster.Config{JoinTimeout: time.Second}
	_, err := New(connect(t, p), Config{Cluster: brief})("/"+strings.Repeat("x", 60), sockets{})
	if err == nil || !strings.Contains(err.Error(), "shorter name") {
		t.Errorf("of a long name: %v", err)
	}
	owner := connect(t, p)
	if _, err := owner.Exec(t.Context(), "CREATE USER guest; REVOKE CREATE ON SCHEMA public FROM PUBLIC"); err != nil {
		t.Fatal(err)
	}
	guest, err := pgxpool.New(t.Context(), strings.Replace(p.URL(), "brio@", "guest@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close()
	_, err = New(guest, Config{Cluster: brief})("/x", sockets{})
	if err == nil || !strings.Contains(err.Error(), "the table") || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("of who may not make the table: %v", err)
	}
	if _, err := owner.Exec(t.Context(), `CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea);
		GRANT ALL ON socket_io_attachments TO guest`); err != nil {
		t.Fatal(err)
	}
	a, err := New(guest, Config{Cluster: brief})("/x", sockets{})
	if err != nil {
		t.Errorf("of who may use it: %v", err)
	} else {
		_ = a.Close()
	}
	pool := connect(t, p)
	p.Kill()
	_, err = New(pool, Config{Cluster: brief})("/x", sockets{})
	if err == nil || !strings.Contains(err.Error(), "check the address") {
		t.Errorf("of one that is not there: %v", err)
	}
}

// Old rows are deleted.
func TestCleanup(t *testing.T) {
	p := brokers.StartPostgres(t)
	pool := connect(t, p)
	a, err := New(pool, Config{PayloadThreshold: 1, CleanupInterval: 50 * time.Millisecond, Cluster: cluster.Config{HeartbeatInterval: 100 * time.Millisecond}})("/x", sockets{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	late := time.After(20 * time.Second)
	for {
		var last, rows int64
		err := pool.QueryRow(t.Context(), "SELECT coalesce(max(id), 0), count(*) FROM socket_io_attachments").Scan(&last, &rows)
		if err != nil {
			t.Fatal(err)
		}
		if last > 5 && rows < last-1 {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Fatalf("of %d rows there are %d", last, rows)
		}
	}
}
