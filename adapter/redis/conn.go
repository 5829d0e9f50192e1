package redis

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/briohq/brio/internal/link"
)

// message is what is published.
type message struct {
	channel string
	payload []byte
}

func newLink(client rueidis.Client, config Config) *link.Link[message] {
	return &link.Link[message]{
		Broker: "redis",
		Dial: func(_ context.Context, hear func(name, topic, message string)) (link.Conn, error) {
			return dial(client, hear), nil
		},
		Send:       func(batch []message) (int, error) { return send(client, batch) },
		MaxPending: config.MaxPending,
		Logger:     config.Cluster.Logger,
	}
}

// conn is a connection that hears channels, and patterns, which end with a star.
type conn struct {
	client  rueidis.DedicatedClient
	release func()
	broken  <-chan error
}

// dial connects with one Redis: of a Redis Cluster, where what is published reaches all,
// any will do. That it can't be reached shows when something is subscribed to.
func dial(client rueidis.Client, hear func(name, topic, message string)) *conn {
	if nodes := client.Nodes(); len(nodes) > 1 {
		for _, node := range nodes { // in no order
			client = node
			break
		}
	}
	c := &conn{}
	c.client, c.release = client.Dedicate()
	c.broken = c.client.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: func(m rueidis.PubSubMessage) {
		name := m.Channel
		if m.Pattern != "" {
			name = m.Pattern
		}
		hear(name, m.Channel, m.Message)
	}})
	return c
}

// split returns channels and patterns.
func split(names []string) (channels, patterns []string) {
	for _, name := range names {
		if strings.HasSuffix(name, "*") {
			patterns = append(patterns, name)
		} else {
			channels = append(channels, name)
		}
	}
	return channels, patterns
}

func (c *conn) Subscribe(ctx context.Context, names []string) error {
	channels, patterns := split(names)
	err := c.client.Do(ctx, c.client.B().Subscribe().Channel(channels...).Build()).Error()
	if err == nil && len(patterns) > 0 {
		err = c.client.Do(ctx, c.client.B().Psubscribe().Pattern(patterns...).Build()).Error()
	}
	return err
}

func (c *conn) Unsubscribe(ctx context.Context, names []string) error {
	channels, patterns := split(names)
	err := c.client.Do(ctx, c.client.B().Unsubscribe().Channel(channels...).Build()).Error()
	if err == nil && len(patterns) > 0 {
		err = c.client.Do(ctx, c.client.B().Punsubscribe().Pattern(patterns...).Build()).Error()
	}
	return err
}

func (c *conn) Wait(ctx context.Context) error {
	select {
	case err := <-c.broken:
		if err == nil {
			err = link.ErrClosed
		}
		return err
	case <-ctx.Done():
		return nil
	}
}

func (c *conn) Close() {
	c.client.SetPubSubHooks(rueidis.PubSubHooks{})
	c.client.Close()
	for range c.broken { // until nothing is heard any more
	}
	c.release()
}

// send sends messages with one write.
func send(client rueidis.Client, batch []message) (lost int, failure error) {
	commands := make([]rueidis.Completed, len(batch))
	for i, m := range batch {
		commands[i] = client.B().Publish().Channel(m.channel).Message(rueidis.BinaryString(m.payload)).Build()
	}
	for _, r := range client.DoMulti(context.Background(), commands...) {
		if err := r.Error(); err != nil {
			lost++
			failure = err
		}
	}
	return lost, failure
}

// count returns how many subscribe to a channel: of a Redis Cluster each node knows
// those that are connected to it.
func count(ctx context.Context, client rueidis.Client, channel string) (int, error) {
	clients := []rueidis.Client{client}
	if nodes := client.Nodes(); len(nodes) > 1 {
		clients = clients[:0]
		for _, node := range nodes {
			clients = append(clients, node)
		}
	}
	sum := 0
	for _, c := range clients {
		counts, err := c.Do(ctx, c.B().PubsubNumsub().Channel(channel).Build()).AsIntMap()
		if err != nil {
			return 0, fmt.Errorf("redis: %w", err)
		}
		sum += int(counts[channel])
	}
	return sum, nil
}
