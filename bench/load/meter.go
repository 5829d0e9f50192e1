package load

import (
	"fmt"
	"os"
)

// A meter reads what this process uses, and the server if it is known.
type meter struct {
	self    *process
	server  *process // nil if it is not
	private int      // bytes of the server before the first connection
}

// reading is what has been used until some time.
type reading struct{ self, server usage }

func newMeter(pid int) (m meter, err error) {
	if m.self, err = findProcess(os.Getpid()); err != nil || pid == 0 {
		return m, err
	}
	if m.server, err = findProcess(pid); err != nil {
		return m, fmt.Errorf("the server's process: %w", err)
	}
	if m.private, err = m.server.private(); err != nil {
		return m, fmt.Errorf("the server's memory: %w", err)
	}

	return m, nil
}

// look finds the descendants that the server has got meanwhile.
func (m *meter) look() error {
	if m.server == nil {
		return nil
	}
	server, err := findProcess(m.server.pids[0])
	if err != nil {
		return fmt.Errorf("the server's process: %w", err)
	}
	m.server = server

	return nil
}

func (m *meter) read() (r reading, err error) {
	if r.self, err = m.self.usage(); err != nil || m.server == nil {
		return r, err
	}
	if r.server, err = m.server.usage(); err != nil {
		err = fmt.Errorf("the server's CPU time: %w", err)
	}

	return r, err
}

// grown is by how many bytes the server's own memory has grown.
func (m *meter) grown() (int, error) {
	if m.server == nil {
		return 0, nil
	}
	now, err := m.server.private()
	if err != nil {
		return 0, fmt.Errorf("the server's memory: %w", err)
	}

	return now - m.private, nil
}
