package msgpack

import (
	"errors"
	"testing"

	"github.com/briohq/brio/protocol"
)

// Arguments are decoded as strictly, and as clear about it, as those of text.
func TestViolationsHaveTheirPlace(t *testing.T) {
	type line struct{ Price float64 }
	type basket struct {
		Lines []line
		Photo protocol.Binary
	}
	strict := (*protocol.JSON)(nil).Strict()
	for data, want := range map[string]string{
		`["buy",{"Lines":[{"Price":1},{"Price":"2"}],"Photo":{"_placeholder":true,"num":0}}]`: "Lines[1].Price: expected a number",
		`["buy",{"Lines":[],"photos":{"_placeholder":true,"num":0}}]`:                         "photos: unknown field",
		`["buy",{"Lines":[{"Price":1.5}],"Photo":{"_placeholder":true,"num":0}}]`:             "",
	} {
		message, err := Append(nil, &protocol.Packet{Type: protocol.Event, Namespace: "/", Data: []byte(data), Attachments: [][]byte{[]byte("photo")}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Decode(message, protocol.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var b basket
		got, err := "", strict.ScanOne(p.Args(), &b)
		if scan, ok := errors.AsType[*protocol.ScanError](err); ok {
			got = scan.Violation.Error()
		}
		if got != want || want == "" && string(b.Photo) != "photo" {
			t.Errorf("%s: %v, %q", data, err, b.Photo)
		}
	}
}
