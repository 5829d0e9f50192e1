package site

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
)

// openDB opens the database in a folder, which it makes, or one in memory.
//
// There is one connection: SQLite has one writer anyway, a database in memory lasts
// as long as its connection, and statements of two goroutines can't meet a lock.
func openDB(folder string, logger *slog.Logger) (*sql.DB, error) {
	name := ":memory:"
	if folder != "" {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, fmt.Errorf("make the folder for the database: %w", err)
		}
		file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.Join(folder, "brio.db")}).EscapedPath()}
		name = file.String() + "?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=busy_timeout(5000)"
	}
	db := sql.OpenDB(&disk{name: name, folder: folder, logger: logger})
	db.SetMaxOpenConns(1)
	if err := db.PingContext(context.Background()); err != nil {
		_ = db.Close() // it could not be opened
		return nil, fmt.Errorf("open the database in %s: %w", folder, err)
	}

	return db, nil
}

// Schema makes tables and indexes if they are not there. What goes wrong is a
// mistake in a statement that is part of the program, or a disk that fails, when
// nothing can be stored: it panics.
func (s *Site) Schema(statements string) {
	if _, err := s.DB.ExecContext(context.Background(), statements); err != nil {
		panic(fmt.Errorf("make tables: %w", err))
	}
}
