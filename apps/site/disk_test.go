package site

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// A disk that is full is told of in words, to the page each time and in the log once a minute.
func TestFullDisk(t *testing.T) {
	var said bytes.Buffer
	s, err := Open(Config{Data: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	exec := func(statement string, args ...any) error {
		_, err := s.DB.ExecContext(t.Context(), statement, args...)
		return err
	}
	s.Schema(`CREATE TABLE lines (line TEXT)`)
	if err := exec(`PRAGMA max_page_count = 20`); err != nil {
		t.Fatal(err)
	}
	const insert = `INSERT INTO lines VALUES (?)`
	for range 3 {
		if err := exec(insert, strings.Repeat("x", 1<<20)); !errors.Is(err, ErrFull) {
			t.Fatal("what does not fit is refused with: ", err)
		}
	}
	var line int
	if err := s.DB.QueryRowContext(t.Context(), insert+` RETURNING 1`, strings.Repeat("x", 1<<20)).Scan(&line); !errors.Is(err, ErrFull) {
		t.Error("a statement that returns rows is refused with: ", err)
	}
	if err := exec(`INSERT INTO elsewhere VALUES (1)`); err == nil || errors.Is(err, ErrFull) {
		t.Error("another error became: ", err)
	}
	if err := exec(insert, "short"); err != nil {
		t.Error("what fits is refused with: ", err)
	}
	if n := strings.Count(said.String(), "make room"); n != 1 {
		t.Errorf("the log tells of it %d times: %s", n, said.String())
	}
}
