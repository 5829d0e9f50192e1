package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// The protocol of a chat: the server and the client share it.
const (
	Join brio.Call[string, []string] = "join" // a room; answers who is there
	Said brio.Event[string]          = "said"
)

// newChat returns the server that the examples talk to.
func newChat() (url string, shutdown func()) {
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")
	chat.Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Name string }
		if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Name == "" {
			return &brio.Error{Message: "a name is required", Data: "such as Ada"}
		}
		return nil
	})
	Join.Handle(chat, func(_ context.Context, s *brio.Socket, room string) ([]string, error) {
		if room != "lobby" {
			return nil, brio.Errorf("no room %s", room)
		}
		s.Join(room)
		for _, line := range []string{"hello", "bye"} {
			if err := Said.Emit(s, line); err != nil {
				return nil, err
			}
		}
		return []string{"Ada", "Grace"}, nil
	})
	h := httptest.NewServer(server)
	return h.URL, func() {
		_ = server.Shutdown(context.Background())
		h.Close()
	}
}

func Example() {
	url, shutdown := newChat()
	defer shutdown()

	c := client.New(url+"/chat", client.Config{Auth: map[string]string{"name": "Ada"}})
	defer c.Close()
	lines := make(chan string)
	Said.On(c, func(_ context.Context, line string) error { lines <- line; return nil })

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Connect(ctx); err != nil {
		fmt.Println(err)
		return
	}
	people, err := Join.Do(ctx, c, "lobby")
	fmt.Println(people, err)
	fmt.Println(<-lines)
	fmt.Println(<-lines)
	_, err = Join.Do(ctx, c, "attic")
	fmt.Println(err)
	// Output:
	// [Ada Grace] <nil>
	// hello
	// bye
	// no room attic
}

// Events can be ranged over. Those are seen that come after the call of Receive.
func ExampleSocket_Receive() {
	url, shutdown := newChat()
	defer shutdown()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := client.Dial(ctx, url+"/chat", client.Config{Auth: map[string]string{"name": "Ada"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	said := Said.Receive(ctx, c)
	if _, err := Join.Do(ctx, c, "lobby"); err != nil {
		fmt.Println(err)
		return
	}
	for line, err := range said {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(line)
		if line == "bye" {
			break
		}
	}
	// Output:
	// hello
	// bye
}

// A server that refuses says why.
func ExampleConnectError() {
	url, shutdown := newChat()
	defer shutdown()

	_, err := client.Dial(context.Background(), url+"/chat", client.Config{})
	fmt.Println(err)
	if why, ok := errors.AsType[*brio.Error](err); ok {
		fmt.Printf("%s %s\n", why.Message, why.Data)
	}
	// Output:
	// namespace /chat refused: a name is required
	// a name is required "such as Ada"
}

// Auth may be a function, which is called each time that the client asks to be let in:
// for a token that expires. What becomes of the connection is OnState's to hear.
func ExampleConfig() {
	url, shutdown := newChat()
	defer shutdown()

	c, err := client.Dial(context.Background(), url+"/chat", client.Config{
		Auth: func(context.Context) (any, error) {
			return map[string]string{"name": os.Getenv("NOBODY") + "Ada"}, nil
		},
		Retries:    3,
		AckTimeout: 5 * time.Second,
		OnState:    func(s client.State) { fmt.Println(s.Phase) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	// Output:
	// connecting
	// connected
}
