package protocol_test

import (
	"fmt"

	"github.com/briohq/brio/protocol"
)

func ExampleDecoder() {
	var d protocol.Decoder
	_, done, _ := d.Text([]byte(`51-/chat,12["photo",{"_placeholder":true,"num":0}]`))
	fmt.Println("complete:", done)

	p, done, err := d.Binary([]byte{1, 2, 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	name, args := p.Event()
	fmt.Println("complete:", done)
	fmt.Println(p.Type, p.Namespace, p.ID, name, args.Len())

	_, _, err = d.Text([]byte(`2["disconnect"]`))
	fmt.Println(err)
	// Output:
	// complete: false
	// complete: true
	// event /chat 12 photo 1
	// protocol: reserved event name: "disconnect"
}

func ExampleArgs_Scan() {
	var d protocol.Decoder
	p, _, err := d.Text([]byte(`2["draw",3,{"ink":"blue"},"ignored"]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, args := p.Event()

	var width int
	var pen struct{ Ink string }
	fmt.Println(args.Scan(&width, &pen), width, pen.Ink)
	fmt.Println(args.Scan(&width, &width))
	// Output:
	// <nil> 3 blue
	// protocol: argument 1: json: cannot unmarshal object into Go value of type int
}

func ExampleAppendEvent() {
	type Photo struct {
		Name string          `json:"name"`
		Data protocol.Binary `json:"data"`
	}
	data, attachments, err := protocol.AppendEvent(nil, nil, "photo", Photo{"cat", protocol.Binary("meow")})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := protocol.Packet{Type: protocol.Event, Namespace: "/", Data: data, Attachments: attachments}
	fmt.Printf("%s\n%q\n", p.AppendText(nil), p.Attachments)
	// Output:
	// 51-["photo",{"name":"cat","data":{"_placeholder":true,"num":0}}]
	// ["meow"]
}
