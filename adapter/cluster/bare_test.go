package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is sent in brio's own form arrives, and what is cut short is refused.
func TestBare(t *testing.T) {
	timeout := int64(5)
	event := []byte(`["a",{"_placeholder":true,"num":0}]`)
	broadcast := func(change func(*Options)) *Message {
		o := &Options{Rooms: []string{"r", ""}, Except: []string{"ü"}}
		change(o)
		return &Message{From: "x", Namespace: "/n", Type: Broadcast, Data: &Data{Options: o}, Event: event, Attachments: [][]byte{{1, 2}, {}}}
	}
	for name, m := range map[string]*Message{
		"plain":        broadcast(func(*Options) {}),
		"everyone":     broadcast(func(o *Options) { o.Rooms = nil }),
		"nobody left":  broadcast(func(o *Options) { o.Except = nil }),
		"volatile":     broadcast(func(o *Options) { o.Flags.Volatile = true }),
		"all flags":    broadcast(func(o *Options) { o.Flags = Flags{Volatile: true, Compress: new(bool), Latest: "k"} }),
		"with timeout": broadcast(func(o *Options) { o.Flags.Timeout = &timeout }),
		"heartbeat":    {From: "x", Namespace: "/n", Type: Heartbeat, Data: &Data{}},
		"asked":        {From: "x", Type: Broadcast, Data: &Data{RequestID: "1", Options: &Options{Rooms: []string{}, Except: []string{}}}, Event: event},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := m.AppendBare([]byte("before"))
			if err != nil || string(b[:6]) != "before" {
				t.Fatalf("%q, %v", b, err)
			}
			b = b[6:]
			got, err := DecodeBare(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m, got); diff != "" {
				t.Error(diff)
			}
			whole := 0
			for n := range b {
				if _, err := DecodeBare(b[:n]); err == nil {
					whole++
				}
			}
			if whole > len(m.Attachments) { // which may be missing
				t.Errorf("%d of its beginnings are taken", whole)
			}
		})
	}
}
