package site

import (
	"context"
	"database/sql/driver"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/briohq/brio"
)

// ErrFull is what a page is told of what can't be stored. What needs no storing goes
// on meanwhile.
var ErrFull = brio.Errorf("The server can’t store anything now: its disk is full. Try again later.")

// disk opens databases whose errors say in words when the disk takes no more.
type disk struct {
	sqlite sqlite.Driver
	name   string
	folder string
	logger *slog.Logger
	said   atomic.Int64 // when the log was told last, in Unix seconds
}

func (d *disk) Connect(context.Context) (driver.Conn, error) {
	c, err := d.sqlite.Open(d.name)
	if err != nil {
		return nil, d.told(err)
	}
	return tellingConn{c.(sqliteConn), d}, nil
}

func (d *disk) Driver() driver.Driver { return &d.sqlite }

// told adds ErrFull to an error that it is the reason of, so that handlers may return
// that to the page as they do others.
func (d *disk) told(err error) error {
	refused, ok := errors.AsType[*sqlite.Error](err)
	if !ok || refused.Code()&0xff != resultFull && refused.Code()&0xff != resultIO {
		return err
	}
	if now, said := time.Now().Unix(), d.said.Load(); now-said >= 60 && d.said.CompareAndSwap(said, now) {
		d.logger.Error("nothing can be stored, make room on the disk", "folder", d.folder, "err", err)
	}
	return errors.Join(ErrFull, err)
}

// The result codes of SQLite for a disk without room: at a write of the log, and at
// one of the files beside it.
const (
	resultIO   = 10
	resultFull = 13
)

// sqliteConn is what package sql wants of a connection, and SQLite's has.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// tellingConn is a connection whose statements fail with words.
type tellingConn struct {
	sqliteConn
	disk *disk
}

func (c tellingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	res, err := c.sqliteConn.ExecContext(ctx, query, args)
	return res, c.disk.told(err)
}

func (c tellingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	rows, err := c.sqliteConn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, c.disk.told(err)
	}
	return tellingRows{rows, c.disk}, nil
}

// tellingRows are what a statement returns that may write, too: what it wrote is
// stored, or not, when its rows come to an end.
type tellingRows struct {
	driver.Rows
	disk *disk
}

func (r tellingRows) Next(to []driver.Value) error { return r.disk.told(r.Rows.Next(to)) }

func (r tellingRows) Close() error { return r.disk.told(r.Rows.Close()) }
