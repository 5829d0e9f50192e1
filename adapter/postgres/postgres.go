// Package postgres connects nodes through PostgreSQL: LISTEN and NOTIFY, and a table
// for what is too large for these.
//
//	pool, err := pgxpool.New(ctx, "postgres://localhost/brio")
//	…
//	server := brio.NewServer(brio.Config{Adapter: postgres.New(pool, postgres.Config{})})
//
// Messages have the form of the package @socket.io/postgres-adapter for Node.js, so that
// servers of both kinds can be in one cluster. The table is made if it is not there,
// which takes the right to do so:
//
//	CREATE TABLE IF NOT EXISTS socket_io_attachments (
//		id         bigserial UNIQUE,
//		created_at timestamptz DEFAULT NOW(),
//		payload    bytea
//	)
//
// One connection is taken out of the pool for listening, and another for a moment
// whenever something is sent. Nothing of a pooler that shares connections between
// transactions, such as PgBouncer, may be between.
//
// # Guarantees
//
// A message reaches who listens when it is sent, once, or, while a connection is broken,
// not at all: delivery between nodes is at most once. Those of one node arrive in the
// order in which it sent them. If the database can't be reached each node goes on for
// its own clients, what it sends is lost to the others and said to be lost.
package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/link"
)

// Config says how nodes speak. Its zero value is that of the package for Node.js.
type Config struct {
	// ChannelPrefix is what the names of all channels begin with. Clusters that share
	// a database need different ones. Default "socket.io".
	ChannelPrefix string
	// TableName is the table for what is too large, or binary. Default
	// "socket_io_attachments".
	TableName string
	// PayloadThreshold is from how many bytes on a message goes by the table. Default,
	// and at most: 8000, of which PostgreSQL carries one less.
	PayloadThreshold int
	// CleanupInterval is after which time rows of the table are deleted, and how often
	// that is done. Default 30 s.
	CleanupInterval time.Duration
	// MaxPending is how many bytes may wait to be sent, beyond which [ErrBacklog] says
	// that a message has not been sent. Default 16 MiB.
	MaxPending int
	// Cluster is about the nodes. Its Logger hears of this package too.
	Cluster cluster.Config
}

// ErrBacklog is why a message has not been sent: the database is too slow, or not there.
var ErrBacklog = link.ErrBacklog

// New returns what makes the adapters of one node, for its Config.Adapter. The pool
// stays its owner's, who closes it when the server has shut down. An adapter that can't
// listen within Cluster.JoinTimeout fails.
func New(pool *pgxpool.Pool, config Config) adapter.New {
	b, config := newBus(pool, config)
	return cluster.New(b, config.Cluster)
}

// NewEmitter returns what makes the adapters of a process that only sends, see
// [cluster.NewEmitter]; the pool is as for [New]. The table must be there.
func NewEmitter(pool *pgxpool.Pool, config Config) adapter.New {
	b, config := newBus(pool, config)
	return cluster.NewEmitter(b, config.Cluster)
}

func newBus(pool *pgxpool.Pool, config Config) (*bus, Config) {
	config.ChannelPrefix = cmp.Or(config.ChannelPrefix, "socket.io")
	config.TableName = cmp.Or(config.TableName, "socket_io_attachments")
	if config.PayloadThreshold <= 0 || config.PayloadThreshold > maxPayload {
		config.PayloadThreshold = maxPayload
	}
	if config.CleanupInterval <= 0 {
		config.CleanupInterval = 30 * time.Second
	}
	if config.MaxPending <= 0 {
		config.MaxPending = 16 << 20
	}
	if config.Cluster.Logger == nil {
		config.Cluster.Logger = slog.New(slog.DiscardHandler)
	}
	b := &bus{config: config, pool: pool, table: pgx.Identifier{config.TableName}.Sanitize()}
	b.link = &link.Link[note]{Broker: "postgres", Dial: b.dial, Send: b.send, MaxPending: config.MaxPending, Logger: config.Cluster.Logger}
	return b, config
}

const (
	maxPayload = 8000 // bytes, which a notification must be shorter than
	maxChannel = 63   // bytes
)

// bus is the database as one node uses it.
type bus struct {
	config Config
	pool   *pgxpool.Pool
	table  string // quoted
	link   *link.Link[note]

	mu    sync.Mutex // guards swept
	swept time.Time  // when old rows were deleted last
}

// header is what is said of a message that is in the table.
type header struct {
	UID  string       `json:"uid"`
	Type cluster.Type `json:"type"`
	ID   string       `json:"attachmentId"`
}

// note is something to be sent: the notification itself, or what goes by the table.
type note struct {
	channel string
	text    []byte
	large   bool
	from    string
	kind    cluster.Type
}

// Join implements [cluster.Bus].
func (b *bus) Join(ctx context.Context, namespace, node string, receive func(*cluster.Message)) (cluster.Line, error) {
	l := &line{bus: b, namespace: namespace, node: node, receive: receive, channel: b.config.ChannelPrefix + "#" + namespace}
	if len(l.channel) > maxChannel {
		return nil, fmt.Errorf("postgres: the channel %q has more than %d bytes: give the namespace a shorter name, or ChannelPrefix a shorter value", l.channel, maxChannel)
	}
	if receive == nil {
		return l, nil
	}
	l.line = &link.Line{Names: []string{l.channel}, Hear: l.hear}
	if err := b.link.Join(ctx, l.line); err != nil {
		return nil, err
	}
	return l, nil
}

// line is one namespace of it.
type line struct {
	bus             *bus
	line            *link.Line // nil for one that only sends
	namespace, node string
	channel         string
	receive         func(*cluster.Message)
}

// Nodes implements [cluster.Line]: all send heartbeats.
func (l *line) Nodes(context.Context) (int, error) { return 0, nil }

// Close implements [cluster.Line].
func (l *line) Close() error {
	l.bus.link.Flush()
	if l.line != nil {
		l.bus.link.Leave(l.line)
	}
	return nil
}

// Send implements [cluster.Line].
func (l *line) Send(m *cluster.Message) error {
	if len(m.Attachments) == 0 {
		text, err := m.Append(nil)
		if err != nil {
			return err
		}
		if len(text) < l.bus.config.PayloadThreshold {
			return l.publish(note{channel: l.channel, text: text})
		}
	}
	packed, err := m.AppendPacked(nil)
	if err != nil {
		return err
	}
	return l.publish(note{channel: l.channel, text: packed, large: true, from: m.From, kind: m.Type})
}

func (l *line) publish(n note) error { return l.bus.link.Publish(n, len(n.channel)+len(n.text)) }

// hear takes a notification.
func (l *line) hear(_, text string) {
	m, err := l.decode([]byte(text))
	if err != nil {
		l.bus.config.Cluster.Logger.Warn("message of another node not understood", "error", err, "channel", l.channel)
		return
	}
	if m != nil {
		l.receive(m)
	}
}

func (l *line) decode(text []byte) (*cluster.Message, error) {
	var h header
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	switch {
	case h.UID == l.node:
		return nil, nil //nolint:nilnil // nobody needs it
	case h.ID != "":
		ctx, cancel := context.WithTimeout(context.Background(), l.bus.config.CleanupInterval)
		defer cancel()
		query := "SELECT payload FROM " + l.bus.table + " WHERE id = $1::bigint"
		if err := l.bus.pool.QueryRow(ctx, query, h.ID).Scan(&text); err != nil {
			return nil, fmt.Errorf("postgres: attachment %s: %w", h.ID, err)
		}
	}
	return cluster.Decode(text)
}

// conn is the connection that listens.
type conn struct {
	conn *pgx.Conn
	hear func(name, topic, message string)
}

func (b *bus) dial(ctx context.Context, hear func(name, topic, message string)) (link.Conn, error) {
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	own := c.Hijack()
	_, err = own.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+b.table+" (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)")
	if err != nil && !exists(ctx, own, b.table) {
		_ = own.Close(ctx)
		return nil, fmt.Errorf("the table %s is not there and can't be made: %w", b.table, err)
	}
	return &conn{own, hear}, nil
}

func exists(ctx context.Context, c *pgx.Conn, table string) bool {
	_, err := c.Exec(ctx, "SELECT id, payload FROM "+table+" LIMIT 0")
	return err == nil
}

func (c *conn) Subscribe(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := c.conn.Exec(ctx, "LISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) Unsubscribe(ctx context.Context, names []string) error {
	for _, name := range names {
		if _, err := c.conn.Exec(ctx, "UNLISTEN "+pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) Wait(ctx context.Context) error {
	for {
		n, err := c.conn.WaitForNotification(ctx)
		switch {
		case err == nil:
			c.hear(n.Channel, n.Channel, n.Payload)
		case ctx.Err() != nil && !c.conn.IsClosed():
			return nil
		case errors.Is(err, context.Canceled):
			return link.ErrClosed
		default:
			return err
		}
	}
}

func (c *conn) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.conn.Close(ctx)
}

// send sends notes with one round trip, each in a transaction of its own, and now and
// then deletes old rows.
func (b *bus) send(batch []note) (lost int, failure error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*b.config.CleanupInterval)
	defer cancel()
	var all pgx.Batch
	for _, n := range batch {
		if n.large {
			all.Queue("WITH a AS (INSERT INTO "+b.table+" (payload) VALUES ($1) RETURNING id) "+
				"SELECT pg_notify($2, json_build_object('uid', $3::text, 'type', $4::int, 'attachmentId', a.id::text)::text) FROM a",
				n.text, n.channel, n.from, int(n.kind))
			continue
		}
		all.Queue("SELECT pg_notify($1, $2)", n.channel, string(n.text))
	}
	if b.due() {
		all.Queue("DELETE FROM "+b.table+" WHERE created_at < now() - $1::interval", b.config.CleanupInterval)
	}
	results := b.pool.SendBatch(ctx, &all)
	for range batch {
		if _, err := results.Exec(); err != nil {
			lost++
			failure = err
		}
	}
	return lost, errors.Join(failure, results.Close())
}

// due reports whether old rows are to be deleted.
func (b *bus) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	due := time.Since(b.swept) > b.config.CleanupInterval
	if due {
		b.swept = time.Now()
	}
	return due
}
