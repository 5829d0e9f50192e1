package brokers

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Postgres is a process of PostgreSQL with a database of its own.
type Postgres struct {
	// Address is where it listens.
	Address string

	dir  string
	cred *syscall.Credential // as root it refuses to run
	cmd  *exec.Cmd
}

// StartPostgres starts one, which is killed after the test. It fails if PostgreSQL is
// missing.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Postgres{Address: l.Addr().String()}
	_ = l.Close()
	if p.dir, err = os.MkdirTemp("", "brio-postgres-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(p.dir) })
	if os.Getuid() == 0 {
		p.unprivileged(t)
	}
	data := filepath.Join(p.dir, "data")
	init := p.command(t, "initdb", "-D", data, "-U", "brio", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.Start(t)
	t.Cleanup(p.Kill)
	return p
}

// unprivileged makes the user of Debian's package the one who runs it.
func (p *Postgres) unprivileged(t testing.TB) {
	t.Helper()
	who, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal("PostgreSQL doesn't run as root, and there is no user postgres: ", err)
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	p.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)} //nolint:gosec // they are no more
	if err := os.Chown(p.dir, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// command returns one of PostgreSQL's programs, which Debian keeps out of the path.
func (p *Postgres) command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
		if len(found) == 0 {
			t.Fatalf("%s is missing: install PostgreSQL 13 or newer, on Debian with\n\tapt-get install postgresql", name)
		}
		path = found[len(found)-1]
	}
	cmd := exec.Command(path, args...) //nolint:gosec // it is ours
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	return cmd
}

// URL returns how clients know it.
func (p *Postgres) URL() string {
	return fmt.Sprintf("postgres://brio@%s/postgres?sslmode=disable", p.Address)
}

// Start starts it again, at the same address, with what it had.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	_, port, _ := net.SplitHostPort(p.Address)
	p.cmd = p.command(t, "postgres", "-D", filepath.Join(p.dir, "data"), "-p", port, "-h", "127.0.0.1", "-k", p.dir, "-F")
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if p.command(t, "pg_isready", "-h", "127.0.0.1", "-p", port, "-q").Run() == nil {
			return
		}
		<-tick.C
	}
	t.Fatal("PostgreSQL does not answer")
}

// Kill ends it, and what it has started, without a word.
func (p *Postgres) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // of which it tells its children
	_ = p.cmd.Wait()
	p.cmd = nil
}
