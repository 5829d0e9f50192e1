package brio_test

import (
	"context"
	"fmt"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter/adaptertest"
)

// The protocol: who speaks it shares this block.
const (
	Join brio.Call[string, []string] = "join" // a room; answers who is there
	Say  brio.Event[string]          = "say"
	Said brio.Event[Line]            = "said"
)

type Line struct {
	From string `json:"from"`
	Text string `json:"text"`
}

const name brio.Key[string] = "name" // typed data of a socket

// The short server of the README.
func Example_short() {
	const (
		join brio.Call[string, []string] = "join" // a room; answers which ones one is in
		say  brio.Event[string]          = "say"
	)
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")
	join.Handle(chat, func(_ context.Context, s *brio.Socket, room string) ([]string, error) {
		s.Join(room)
		return s.Rooms(), nil // the acknowledgement
	})
	say.Handle(chat, func(_ context.Context, s *brio.Socket, text string) error {
		return say.Emit(s.To(s.Rooms()...), text) // to everyone else in the rooms of its sender
	})

	web := serve(server)
	defer web.close()
	ada, bob := web.connect("/chat", `{}`), web.connect("/chat", `{}`)
	ada.call(`"join","lobby"`)
	bob.call(`"join","lobby"`)
	ada.emit(`"say","hello"`)
	fmt.Println("Bob hears:", bob.next())
	// Output: Bob hears: ["say","hello"]
}

// The server of the README, and two people who chat.
func Example() {
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")
	chat.Use(authenticate)
	Join.Handle(chat, join)
	Say.Handle(chat, say)

	web := serve(server)
	defer web.close()
	ada := web.connect("/chat", `{"name":"Ada"}`)
	bob := web.connect("/chat", `{"name":"Bob"}`)
	fmt.Println("Ada joins:", ada.call(`"join","lobby"`))
	fmt.Println("Bob joins:", bob.call(`"join","lobby"`))
	ada.emit(`"say","hello"`)
	fmt.Println("Bob hears:", bob.next())
	// Output:
	// Ada joins: [["Ada"]]
	// Bob joins: [["Ada","Bob"]]
	// Bob hears: ["said",{"from":"Ada","text":"hello"}]
}

// authenticate refuses who does not say who they are.
func authenticate(_ context.Context, s *brio.Socket) error {
	var auth struct{ Name string }
	if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Name == "" {
		return brio.Errorf("a name is required")
	}
	name.Set(s, auth.Name)
	return nil
}

// join answers with who is in the room: the return value is the acknowledgement.
func join(_ context.Context, s *brio.Socket, room string) ([]string, error) {
	s.Join(room)
	var who []string
	for member := range s.Namespace().In(room).Sockets() {
		who = append(who, name.Get(member))
	}
	return who, nil
}

// say passes a line on to everyone else in the rooms of its sender.
func say(_ context.Context, s *brio.Socket, text string) error {
	return Said.Emit(s.To(s.Rooms()...), Line{From: name.Get(s), Text: text})
}

// An event carries one typed value, here in both directions.
func ExampleEvent() {
	type Point struct {
		X, Y int
	}
	const (
		Move  brio.Event[Point] = "move"
		Moved brio.Event[Point] = "moved"
	)
	server := brio.NewServer(brio.Config{})
	Move.Handle(server.Of("/"), func(_ context.Context, s *brio.Socket, p Point) error {
		p.X++
		return Moved.Emit(s, p)
	})

	web := serve(server)
	defer web.close()
	ada := web.connect("/", `{}`)
	ada.emit(`"move",{"X":1,"Y":2}`)
	fmt.Println(ada.next())
	// Output: ["moved",{"X":2,"Y":2}]
}

// A call answers: the handler's result is the acknowledgement. Of its errors a client
// sees those that were written for it.
func ExampleCall() {
	type Division struct {
		A, B int
	}
	const Divide brio.Call[Division, int] = "divide"
	server := brio.NewServer(brio.Config{})
	Divide.Handle(server.Of("/"), func(_ context.Context, _ *brio.Socket, d Division) (int, error) {
		if d.B == 0 {
			return 0, brio.Errorf("cannot divide %d by zero", d.A)
		}
		return d.A / d.B, nil
	})

	web := serve(server)
	defer web.close()
	ada := web.connect("/", `{}`)
	fmt.Println(ada.call(`"divide",{"A":12,"B":4}`))
	fmt.Println(ada.call(`"divide",{"A":12,"B":0}`))
	// Output:
	// [3]
	// [{"error":{"message":"cannot divide 12 by zero"}}]
}

// Targets say who gets an event: rooms, less some, less the sender.
func ExampleTarget() {
	const (
		Enter brio.Call[string, brio.None] = "enter"
		Shout brio.Event[string]           = "shout"
	)
	server := brio.NewServer(brio.Config{})
	game := server.Of("/")
	Enter.Handle(game, func(_ context.Context, s *brio.Socket, team string) (brio.None, error) {
		s.Join(team)
		return brio.None{}, nil
	})

	web := serve(server)
	defer web.close()
	ada, bob := web.connect("/", `{}`), web.connect("/", `{}`)
	ada.call(`"enter","red"`)
	bob.call(`"enter","blue"`)

	Shout.Emit(game.To("red"), "to the reds")
	Shout.Emit(game.To("red", "blue").Except("red"), "to who is only blue")
	Shout.Emit(game, "to all")
	fmt.Println("Ada:", ada.next(), ada.next())
	fmt.Println("Bob:", bob.next(), bob.next())
	// Output:
	// Ada: ["shout","to the reds"] ["shout","to all"]
	// Bob: ["shout","to who is only blue"] ["shout","to all"]
}

// A middleware sees each socket before it is connected and may refuse it, with a
// message and data for the client.
func ExampleNamespace_Use() {
	server := brio.NewServer(brio.Config{})
	server.Of("/admin").Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Token string }
		if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Token != "sesame" {
			return &brio.Error{Message: "not allowed", Data: map[string]int{"status": 403}}
		}
		return nil
	})

	web := serve(server)
	defer web.close()
	eve := web.visit("/admin")
	fmt.Println(eve.auth(`{"token":"guess"}`))
	// Output: {"message":"not allowed","data":{"status":403}}
}

// All asks many and yields each answer as it comes.
func ExampleCall_All() {
	const Vote brio.Call[string, int] = "vote"
	server := brio.NewServer(brio.Config{})
	jury := server.Of("/")

	web := serve(server)
	defer web.close()
	for _, grade := range []string{"7", "8", "9"} {
		web.connect("/", `{}`).answerOne(grade)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	sum := 0
	for answer, err := range Vote.All(ctx, jury.Broadcast(), "the soup") {
		if err != nil {
			fmt.Println(err) // one did not answer
			continue
		}
		sum += answer.Value
	}
	fmt.Println("the soup:", sum)
	// Output: the soup: 24
}

// A handler hears of every socket that has gone, and why. It is in its rooms
// until then, so that those it leaves behind can be told.
func ExampleNamespace_OnDisconnect() {
	const Left brio.Event[brio.Reason] = "left"
	server := brio.NewServer(brio.Config{})
	lobby := server.Of("/lobby")
	lobby.Use(func(_ context.Context, s *brio.Socket) error {
		s.Join("guests")
		return nil
	})
	lobby.OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
		return Left.Emit(s.To(s.Rooms()...), reason)
	})

	web := serve(server)
	defer web.close()
	ada, bob := web.connect("/lobby", `{}`), web.connect("/lobby", `{}`)
	ada.leave()
	fmt.Println(bob.next())
	// Output: ["left","client namespace disconnect"]
}

// Programs that know no types use the core beneath: any number of arguments,
// in the shape that they have in JavaScript.
func ExampleNamespace_On() {
	server := brio.NewServer(brio.Config{})
	board := server.Of("/")
	board.On("draw", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var x, y int
		var ink string
		if err := args.Scan(&x, &y, &ink); err != nil {
			return brio.Errorf("draw wants x, y and ink")
		}
		if err := s.Broadcast().Emit("draw", args); err != nil { // as it came
			return err
		}
		return args.Ack("drawn", x+y, ink)
	})

	web := serve(server)
	defer web.close()
	ada, bob := web.connect("/", `{}`), web.connect("/", `{}`)
	fmt.Println(ada.call(`"draw",3,4,"red"`))
	fmt.Println(bob.next())
	// Output:
	// ["drawn",7,"red"]
	// ["draw",3,4,"red"]
}

// Peers are the sockets of a whole cluster, here of two servers in one process.
// What is kept with a socket comes with it, and a peer can be sent to wherever it
// is.
func ExampleTarget_Peers() {
	var cluster adaptertest.Bus
	one := serve(brio.NewServer(brio.Config{Adapter: cluster.Node("one")}))
	defer one.close()
	two := serve(brio.NewServer(brio.Config{Adapter: cluster.Node("two")}))
	defer two.close()
	one.Of("/chat").Use(authenticate)
	two.Of("/chat").Use(authenticate)
	ada := one.connect("/chat", `{"name":"Ada"}`)
	bob := two.connect("/chat", `{"name":"Bob"}`)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	chat := one.Of("/chat")
	for peer, err := range chat.Broadcast().Peers(ctx) {
		if err != nil {
			fmt.Println(err) // a node that did not answer
			continue
		}
		Said.Emit(peer.Target(), Line{From: "server", Text: "hello " + name.Of(peer)})
	}
	fmt.Println(ada.next())
	fmt.Println(bob.next())

	chat.Broadcast().JoinRooms("lobby") // on both servers
	rooms, err := chat.Rooms(ctx)
	fmt.Println(rooms, err)
	// Output:
	// ["said",{"from":"server","text":"hello Ada"}]
	// ["said",{"from":"server","text":"hello Bob"}]
	// map[lobby:2] <nil>
}

// Servers of a cluster talk to each other with events of their own. ServerAll
// collects what the others answer.
func ExampleNamespace_ServerAll() {
	const Sockets brio.Call[brio.None, int] = "sockets"
	var cluster adaptertest.Bus
	var sites []*site
	for _, node := range []string{"one", "two"} {
		w := serve(brio.NewServer(brio.Config{Adapter: cluster.Node(node)}))
		defer w.close()
		Sockets.OnServer(w.Of("/"), func(_ context.Context, _ *brio.Namespace, _ brio.None) (int, error) {
			return w.Stats().Sockets, nil
		})
		sites = append(sites, w)
	}
	sites[1].connect("/", "")

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for answer, err := range Sockets.ServerAll(ctx, sites[0].Of("/"), brio.None{}) {
		fmt.Println(answer.Node, answer.Value, err)
	}
	// Output: two 1 <nil>
}

// A middleware of one socket sees its events before their handlers do, here to
// let only so many of them through.
func ExampleSocket_Use() {
	server := brio.NewServer(brio.Config{})
	lobby := server.Of("/")
	lobby.OnConnect(func(_ context.Context, s *brio.Socket) error {
		left := 1
		s.Use(func(context.Context, string, brio.Args) error {
			if left == 0 {
				return brio.Errorf("that is enough")
			}
			left--
			return nil
		})
		return nil
	})
	brio.Call[string, string]("echo").Handle(lobby, func(_ context.Context, _ *brio.Socket, text string) (string, error) {
		return text, nil
	})

	web := serve(server)
	defer web.close()
	ada := web.connect("/", "")
	fmt.Println(ada.call(`"echo","one"`))
	fmt.Println(ada.call(`"echo","two"`))
	// Output:
	// ["one"]
	// [{"error":{"message":"that is enough"}}]
}

// A function decides which namespaces there are, where a pattern can't.
func ExampleServer_OfFunc() {
	server := brio.NewServer(brio.Config{})
	days := server.OfFunc(func(name string, _ brio.Handshake) bool {
		_, err := time.Parse("/2006-01-02", name)
		return err == nil
	})
	days.OnConnect(func(_ context.Context, s *brio.Socket) error {
		return s.Emit("welcome", s.Namespace().Name())
	})

	web := serve(server)
	defer web.close()
	fmt.Println(web.connect("/2024-02-29", "").next())
	fmt.Println(web.visit("/2023-02-29").auth(""))
	// Output:
	// ["welcome","/2024-02-29"]
	// {"message":"Invalid namespace"}
}
