package msgpack_test

import (
	"fmt"

	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/protocol/msgpack"
)

func Example() {
	data, attachments, err := protocol.AppendEvent(nil, nil, "photo", "cat", []byte("meow"))
	if err != nil {
		fmt.Println(err)
		return
	}
	sent := protocol.Packet{Type: protocol.Event, Namespace: "/chat", Data: data, Attachments: attachments}

	message, err := msgpack.Append(nil, &sent)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", message)

	received, err := msgpack.Decode(message, protocol.Limits{})
	fmt.Printf("%s %q %v\n", received.AppendText(nil), received.Attachments, err)
	// Output:
	// "\x83\xa4type\x02\xa4data\x93\xa5photo\xa3cat\xc4\x04meow\xa3nsp\xa5/chat"
	// 51-/chat,["photo","cat",{"_placeholder":true,"num":0}] ["meow"] <nil>
}
