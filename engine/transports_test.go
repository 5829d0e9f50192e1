package engine

import (
	"strings"
	"testing"
)

const (
	newCable = "EIO=4&transport=websocket"

	unknownJSON = `{"code":0,"message":"Transport unknown"}`
	badJSON     = `{"code":3,"message":"Bad request"}`
)

func TestTransportsOfTheHandshake(t *testing.T) {
	both, none := `"upgrades":["websocket"]`, `"upgrades":[]`
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"default":    {Config{}, both},
		"empty":      {Config{Transports: []string{}}, both},
		"both":       {Config{Transports: []string{"websocket", "polling"}}, both},
		"polling":    {Config{Transports: []string{"polling"}}, none},
		"all":        {Config{Transports: []string{"webtransport", "websocket", "polling"}}, `"upgrades":["websocket","webtransport"]`},
		"one better": {Config{Transports: []string{"webtransport", "polling"}}, `"upgrades":["webtransport"]`},
		"no upgrade": {Config{NoUpgrade: true}, none},
	} {
		t.Run(name, func(t *testing.T) {
			_, h, _ := serve(t, c.config)
			if a := request(h, "GET", newPoll, ""); a.status != 200 || !strings.Contains(a.body, c.want) {
				t.Errorf("answer %d %s, want %s", a.status, a.body, c.want)
			}
		})
	}
}

func TestPollingAlone(t *testing.T) {
	_, h, layers := serve(t, Config{Transports: []string{"polling"}})
	request(h, "GET", newCable, "", upgradeHeaders()...).is(t, 400, "Transport unknown")
	p := fetch(t, h)
	request(h, "GET", newCable+"&sid="+p.id, "", upgradeHeaders()...).is(t, 400, "Transport unknown")
	p.post("4still here").is(t, 200, "ok")
	(<-layers).received(t, "still here")
}

func TestWebSocketAlone(t *testing.T) {
	_, h, layers := serve(t, Config{Transports: []string{"websocket"}})
	request(h, "GET", newPoll, "").is(t, 400, unknownJSON)
	c := dial(t, h, newCable)
	if open := c.hear(); !strings.Contains(open, `"upgrades":[]`) {
		t.Errorf("heard %q", open)
	}
	c.say("4hello")
	(<-layers).received(t, "hello")
}

func TestNoUpgrade(t *testing.T) {
	_, h, layers := serve(t, Config{NoUpgrade: true})
	p := fetch(t, h)
	request(h, "GET", newCable+"&sid="+p.id, "", upgradeHeaders()...).is(t, 400, "Bad request")
	p.post("4still here").is(t, 200, "ok")
	(<-layers).received(t, "still here")

	c := dial(t, h, newCable)
	id := sid(t, c.hear())
	<-layers
	request(h, "GET", newPoll+"&sid="+id, "").is(t, 400, badJSON)
}

func TestUnknownTransportInConfig(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	newServer(Config{Transports: []string{"polling", "tin"}})
}
