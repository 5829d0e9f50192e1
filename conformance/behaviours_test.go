package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// The protocol of the servers with --behaviours, as far as it has types.
const (
	echo    brio.Call[string, string]   = "echo"
	noted   brio.Call[brio.None, []int] = "noted"
	present brio.Call[brio.None, int]   = "present"
	note    brio.Event[int]             = "note"
	number  brio.Event[int]             = "number"
	hello   brio.Event[string]          = "hello"
	shout   brio.Event[string]          = "shout"
	late    brio.Event[int]             = "late"
)

// behaviour is something that a client does the same way whatever serves it.
type behaviour struct {
	name     string
	recovery bool // the server has it
	check    func(v *visit)
}

var behaviours = []behaviour{
	{name: "connects", check: connects},
	{name: "is refused", check: isRefused},
	{name: "is refused by an unknown namespace", check: unknownNamespace},
	{name: "asks for Auth each time", check: asksForAuth},
	{name: "shares a connection", check: sharesConnection},
	{name: "leaves one namespace", check: leavesOneNamespace},
	{name: "sends its query", check: sendsQuery},
	{name: "gets acknowledgements", check: getsAcks},
	{name: "gives acknowledgements", check: givesAcks},
	{name: "carries binary", check: carriesBinary},
	{name: "receives in order", check: receivesInOrder},
	{name: "listens to all", check: listensToAll},
	{name: "gives up an acknowledgement", check: givesUpAck},
	{name: "reconnects", check: reconnects},
	{name: "outlives the server", check: outlivesServer},
	{name: "drops what is volatile", check: dropsVolatile},
	{name: "keeps a bounded backlog", check: keepsBacklog},
	{name: "retries", check: retries},
	{name: "retries after a cut", check: retriesAfterCut},
	{name: "is disconnected by the server", check: isDisconnected},
	{name: "is closed by the server", check: isClosed},
	{name: "gives up", check: givesUp},
	{name: "recovers", recovery: true, check: recovers},
	{name: "begins anew", recovery: true, check: beginsAnew},
}

func connects(v *visit) {
	c := v.new("/", v.config())
	greeted := make(chan string, 1)
	connected := make(chan string, 1)
	hello.On(c, func(_ context.Context, who string) error { greeted <- who; return nil })
	c.OnConnect(func(context.Context) error { connected <- c.ID(); return nil })
	if c.Connected() || c.Active() {
		v.Error("connected before Connect")
	}
	v.connect(c)
	if got := take(v, greeted); got != "you" {
		v.Errorf("greeted as %q", got)
	}
	if id := take(v, connected); len(id) != 20 || id != c.ID() {
		v.Errorf("id %q, then %q", id, c.ID())
	}
	if !c.Connected() || !c.Active() || c.Recovered() || c.Namespace() != "/" || c.Transport() == "" {
		v.Error("connected:", c.Connected(), "active:", c.Active(), "recovered:", c.Recovered(), "namespace:", c.Namespace(), "transport:", c.Transport())
	}
	v.connect(c) // again
	if err := c.Close(); err != nil || c.Connected() || c.Active() {
		v.Error("closed:", err, c.Connected(), c.Active())
	}
	if err := c.Emit("x"); !errors.Is(err, client.ErrClosed) {
		v.Error("emit after Close:", err)
	}
	if err := c.Connect(v.soon()); !errors.Is(err, client.ErrClosed) {
		v.Error("connect after Close:", err)
	}
}

func isRefused(v *visit) {
	config := v.config()
	config.Auth = map[string]string{"token": "guess"}
	c := v.new("/private", config)
	told := make(chan error, 10)
	c.OnConnectError(func(_ context.Context, err error) error { told <- err; return nil })
	err := c.Connect(v.soon())
	refusal, ok := errors.AsType[*client.ConnectError](err)
	if !ok || refusal.Namespace != "/private" {
		v.Fatalf("connect: %v", err)
	}
	why, ok := errors.AsType[*brio.Error](err)
	if !ok || why.Message != "not authorized" {
		v.Fatalf("connect: %#v", err)
	}
	var data struct {
		Code  int
		Retry *bool
	}
	raw, _ := why.Data.(json.RawMessage)
	if err := json.Unmarshal(raw, &data); err != nil || data.Code != 401 || data.Retry == nil || *data.Retry {
		v.Errorf("data: %s", raw)
	}
	if got := take(v, told); got != err { //nolint:errorlint // the same one
		v.Errorf("OnConnectError heard %v", got)
	}
	if c.Active() {
		v.Error("still active")
	}
	if err := c.Emit("note", 1); err != nil { // waits for a connection
		v.Error(err)
	}
}

func unknownNamespace(v *visit) {
	err := v.new("/nobody", v.config()).Connect(v.soon())
	if why, ok := errors.AsType[*brio.Error](err); !ok || why.Message != "Invalid namespace" || why.Data != nil {
		v.Errorf("got %v", err)
	}
}

func asksForAuth(v *visit) {
	config := v.config()
	tokens := []string{"wrong", "secret"}
	config.Auth = func(context.Context) (any, error) {
		if len(tokens) == 0 {
			return nil, errors.New("no token is left")
		}
		token := tokens[0]
		tokens = tokens[1:]
		return struct {
			Token string `json:"token"`
		}{token}, nil
	}
	c := v.new("/private", config)
	if err := c.Connect(v.soon()); err == nil {
		v.Fatal("let in with a wrong token")
	}
	v.connect(c)
	if got := answer(v, c, "auth"); got != `{"token":"secret"}` {
		v.Errorf("the server knows %s", got)
	}
	stopped := make(chan error, 100)
	c.OnConnectError(func(_ context.Context, err error) error { stopped <- err; return nil })
	v.cut()
	for err := take(v, stopped); !strings.Contains(err.Error(), "no token is left"); err = take(v, stopped) {
		if !strings.Contains(err.Error(), "cut by the test") {
			v.Error(err)
		}
	}
}

func sharesConnection(v *visit) {
	c := v.new("/", v.config())
	admin := c.Of("admin", nil)
	private := c.Of("/private", map[string]string{"token": "secret"})
	for _, s := range []*client.Socket{c, admin, private} {
		v.connect(s)
	}
	if slices.Equal(v.engine.Transports, []string{"websocket"}) && len(v.conns) != 1 {
		v.Error(len(v.conns), "connections")
	}
	if c.Of("/admin", nil) != admin {
		v.Error("another socket of the same namespace")
	}
	if c.ID() == admin.ID() || admin.ID() == private.ID() {
		v.Error("ids:", c.ID(), admin.ID(), private.ID())
	}
	for _, s := range []*client.Socket{c, admin, private} {
		if got, err := echo.Do(v.soon(), s, s.Namespace()); err != nil || got != s.Namespace() {
			v.Error(got, err)
		}
	}
}

func leavesOneNamespace(v *visit) {
	c := v.dial("/", v.config())
	admin := c.Of("/admin", nil)
	v.connect(admin)
	why := make(chan brio.Reason, 1)
	admin.OnDisconnect(func(_ context.Context, r brio.Reason) error { why <- r; return nil })
	admin.Disconnect()
	if got := take(v, why); got != client.ClientDisconnect || admin.Connected() || admin.Active() {
		v.Error(got)
	}
	if _, err := echo.Do(v.soon(), c, "x"); err != nil {
		v.Error(err)
	}
	v.connect(admin)
	if got, err := echo.Do(v.soon(), admin, "x"); err != nil || got != "x" {
		v.Error(got, err)
	}
	c.Disconnect()
	admin.Disconnect()
	if err := note.Emit(c, -7); err != nil {
		v.Error(err)
	}
	v.connect(c)
	if list, err := noted.Do(v.soon(), c, brio.None{}); err != nil || !slices.Contains(list, -7) {
		v.Error(list, err)
	}
}

func sendsQuery(v *visit) {
	c := v.dial("/?who=me%26you", v.config())
	if got := answer(v, c, "query", "who"); got != `"me\u0026you"` && got != `"me&you"` {
		v.Error(got)
	}
}

// answer returns the one argument of an acknowledgement as JSON.
func answer(v *visit, c *client.Socket, event string, args ...any) string {
	v.Helper()
	got, err := c.Do(v.soon(), event, args...)
	if err != nil || got.Len() != 1 {
		v.Fatal(event, ": ", got.Len(), " arguments, ", err)
	}
	return string(got.Raw(0))
}

func getsAcks(v *visit) {
	c := v.dial("/", v.config())
	for range 3 {
		args, err := c.Do(v.soon(), "echo", 1, "two", []int{3}, nil, map[string]bool{"5": true})
		if err != nil || args.Len() != 5 || string(args.Raw(2)) != "[3]" || string(args.Raw(4)) != `{"5":true}` {
			v.Fatal(args.Len(), err)
		}
		var n int
		var s string
		if err := args.Scan(&n, &s); err != nil || n != 1 || s != "two" {
			v.Error(n, s, err)
		}
	}
	if args, err := c.Do(v.soon(), "echo"); err != nil || args.Len() != 0 {
		v.Error("no arguments: ", args.Len(), err)
	}
	_, err := c.Do(v.soon(), "echo", map[string]any{"error": map[string]any{"message": "no", "data": 5}})
	if e, ok := errors.AsType[*brio.Error](err); !ok || e.Message != "no" || string(e.Data.(json.RawMessage)) != "5" {
		v.Errorf("an answer that is an error: %v", err)
	}
}

func givesAcks(v *visit) {
	const (
		double brio.Call[int, int]       = "double"
		fails  brio.Call[int, int]       = "fails"
		breaks brio.Call[int, int]       = "breaks"
		plain  brio.Event[int]           = "plain"
		within brio.Call[string, string] = "within"
	)
	c := v.new("/", v.config())
	double.On(c, func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	fails.On(c, func(context.Context, int) (int, error) { return 0, brio.Errorf("too much") })
	breaks.On(c, func(context.Context, int) (int, error) { panic("broken") })
	plain.On(c, func(context.Context, int) error { return nil })
	within.On(c, func(ctx context.Context, s string) (string, error) { return echo.Do(ctx, c, s) })
	v.connect(c)
	if got := answer(v, c, "ask", "double", 21); got != "42" {
		v.Error(got)
	}
	if got := answer(v, c, "ask", "within", "x"); got != `"x"` {
		v.Error(got)
	}
	if args, err := c.Do(v.soon(), "ask", "plain", 1); err != nil || args.Len() != 0 {
		v.Error(args.Len(), err)
	}
	for event, want := range map[string]string{"fails": "too much", "breaks": "internal error", "double": "invalid argument"} {
		_, err := c.Do(v.soon(), "ask", event, map[bool]any{true: "text", false: 1}[event == "double"])
		if e, ok := errors.AsType[*brio.Error](err); !ok || e.Message != want {
			v.Errorf("%s: got %v, want %s", event, err, want)
		}
	}
}

func carriesBinary(v *visit) {
	type picture struct {
		Name string      `json:"name"`
		Data brio.Binary `json:"data"`
	}
	c := v.new("/", v.config())
	back := make(chan picture, 1)
	brio.Event[picture]("echo").On(c, func(_ context.Context, p picture) error { back <- p; return nil })
	v.connect(c)
	big := bytes.Repeat([]byte{0, 1, 255}, 100_000)
	if err := brio.Event[picture]("echo").Emit(c, picture{"cat", big}); err != nil {
		v.Fatal(err)
	}
	if got := take(v, back); got.Name != "cat" || !bytes.Equal(got.Data, big) {
		v.Error("got ", got.Name, len(got.Data))
	}
	args, err := c.Do(v.soon(), "echo", []byte{1}, "x", []byte{})
	var one, none []byte
	var x string
	if err == nil {
		err = args.Scan(&one, &x, &none)
	}
	if err != nil || !bytes.Equal(one, []byte{1}) || x != "x" || len(none) != 0 {
		v.Error(one, x, none, err)
	}
}

func receivesInOrder(v *visit) {
	c := v.dial("/", v.config())
	const n = 2000
	numbers := number.Receive(v.soon(), c)
	if err := c.Emit("count", n); err != nil {
		v.Fatal(err)
	}
	next := 0
	for i, err := range numbers {
		if err != nil || i != next {
			v.Fatal(i, err, "want", next)
		}
		if next++; next == n {
			break
		}
	}
	ended := hello.Receive(v.soon(), c)
	c.Disconnect()
	for _, err := range ended {
		if !errors.Is(err, brio.ErrDisconnected) {
			v.Error(err)
		}
	}
}

func listensToAll(v *visit) {
	c := v.new("/", v.config())
	in, outgoing := make(chan string, 10), make(chan string, 10)
	c.OnAny(func(_ context.Context, event string, args brio.Args) error {
		in <- fmt.Sprintf("%s %s", event, args.Raw(0))
		return nil
	})
	c.OnAnyOutgoing(func(event string, args brio.Args) { outgoing <- fmt.Sprintf("%s %s", event, args.Raw(0)) })
	v.connect(c)
	if err := c.Emit("echo", 5); err != nil {
		v.Fatal(err)
	}
	if got := take(v, in); got != `hello "you"` {
		v.Error(got)
	}
	if got := take(v, in); got != "echo 5" {
		v.Error(got)
	}
	if got := take(v, outgoing); got != "echo 5" {
		v.Error(got)
	}
}

func givesUpAck(v *visit) {
	c := v.dial("/", v.config())
	ctx, cancel := context.WithTimeout(v.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, "silent"); !errors.Is(err, context.DeadlineExceeded) {
		v.Error(err)
	}
	lost := make(chan error, 1)
	go func() {
		_, err := c.Do(v.Context(), "silent")
		lost <- err
	}()
	for {
		select {
		case err := <-lost:
			if !errors.Is(err, brio.ErrDisconnected) {
				v.Error(err)
			}
			return
		case <-time.After(50 * time.Millisecond): // it may not have been sent yet
			v.cut()
		}
	}
}
