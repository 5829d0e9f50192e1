package msgpack

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/briohq/brio/protocol"
)

// What the JavaScript implementation sends is the packet it sends as text.
func TestDecodeVectors(t *testing.T) {
	for _, file := range []string{"server.hex", "client.hex", "notepack3.hex"} {
		for _, v := range vectors(t, file) {
			got, err := Decode(v.message, protocol.Limits{})
			if err != nil {
				t.Errorf("%s: %s: %v", file, v.packet.AppendText(nil), err)
				continue
			}
			if d := diff(v.packet, got); d != "" {
				t.Errorf("%s: %s", file, d)
			}
		}
	}
}

func TestDecodeValues(t *testing.T) {
	tests := map[string]struct {
		value string // of data, but for the array and the name
		json  string
	}{
		"nil":                         {"\xc0", `null`},
		"false":                       {"\xc2", `false`},
		"true":                        {"\xc3", `true`},
		"int64, least":                {"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", `-9223372036854775808`},
		"int64, positive":             {"\xd3\x00\x00\x00\x00\x00\x00\x00\x07", `7`},
		"uint64, greatest":            {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", `18446744073709551615`},
		"float32":                     {"\xca\x3f\x00\x00\x00", `0.5`},
		"float32, as its float64":     {"\xca\x3d\xcc\xcc\xcd", `0.10000000149011612`},
		"float64, shortest":           {"\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a", `0.1`},
		"float64, integral":           {"\xcb\x40\x14\x00\x00\x00\x00\x00\x00", `5`},
		"float64, minus zero":         {"\xcb\x80\x00\x00\x00\x00\x00\x00\x00", `0`},
		"float64, not a number":       {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", `null`},
		"float32, infinity":           {"\xca\xff\x80\x00\x00", `null`},
		"float64, large":              {"\xcb\x44\x4b\x1a\xe4\xd6\xe2\xef\x50", `1e+21`},
		"float64, below large":        {"\xcb\x44\x15\xaf\x1d\x78\xb5\x8c\x40", `100000000000000000000`},
		"float64, small":              {"\xcb\x3e\x7a\xd7\xf2\x9a\xbc\xaf\x48", `1e-7`},
		"string of each header":       {"\x94\xa1a\xd9\x01b\xda\x00\x01c\xdb\x00\x00\x00\x01d", `["a","b","c","d"]`},
		"array of each header":        {"\x93\x90\xdc\x00\x00\xdd\x00\x00\x00\x00", `[[],[],[]]`},
		"map of each header":          {"\x93\x80\xde\x00\x00\xdf\x00\x00\x00\x00", `[{},{},{}]`},
		"map, integer keys":           {"\x82\x07\xa1a\xff\xa1b", `{"7":"a","-1":"b"}`},
		"map, key twice":              {"\x82\xa1a\x01\xa1a\x02", `{"a":1,"a":2}`},
		"map, undefined first":        {"\x82\xa1a\xd4\x00\x00\xa1b\x02", `{"b":2}`},
		"map, undefined last":         {"\x82\xa1a\x01\xa1b\xd4\x00\x00", `{"a":1}`},
		"undefined":                   {"\xd4\x00\x00", `null`},
		"date of no Date":             {"\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff", `null`},
		"timestamp 32":                {"\xd6\xff\x00\x00\x00\x01", `"1970-01-01T00:00:01.000Z"`},
		"timestamp 64":                {"\xd7\xff\x00\x7a\x12\x00\x00\x00\x00\x01", `"1970-01-01T00:00:01.002Z"`},
		"timestamp 96":                {"\xc7\x0c\xff\x00\x1e\x84\x80\xff\xff\xff\xff\xff\xff\xff\xff", `"1969-12-31T23:59:59.002Z"`},
		"timestamp 96 of no Date":     {"\xc7\x0c\xff\x00\x00\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00", `null`},
		"placeholder without binary":  {"\x82\xac_placeholder\xc3\xa3num\x00", `{"_placeholder":true,"num":0}`},
		"string that needs no escape": {"\xa6</\u2028\x7f", "\"</\u2028\x7f\""},
		"string of escapes":           {"\xa7\"\\\n\r\t\x00\x1f", `"\"\\\n\r\t\u0000\u001f"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte(event+"\x92\xa1e"+test.value), protocol.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want := protocol.Packet{Type: protocol.Event, Namespace: "/", Data: []byte(`["e",` + test.json + `]`)}
			if d := diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeBinary(t *testing.T) {
	message := []byte(event + "\x96\xa1e\xc4\x01a\x81\xa1k\xc5\x00\x00\xc6\x00\x00\x00\x01c\xc7\x01\x00d\xd5\x07ef")
	got, err := Decode(message, protocol.Limits{Attachments: -1}) // a limit of the text codec
	if err != nil {
		t.Fatal(err)
	}
	want := text2packet(t, `55-["e",{"_placeholder":true,"num":0},{"k":{"_placeholder":true,"num":1}},`+
		`{"_placeholder":true,"num":2},{"_placeholder":true,"num":3},[7,{"_placeholder":true,"num":4}]]`,
		[]byte("a"), []byte{}, []byte("c"), []byte("d"), []byte("ef"))
	clear(message)
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Attachments[1] == nil {
		t.Error("an empty attachment is nil")
	}
}

func TestDecodePackets(t *testing.T) {
	const end = "\xa3nsp\xa1/"
	long := strings.Repeat("a", 512)
	tests := map[string]struct {
		message string
		text    string // of the packet
		err     error
	}{
		"connect":                     {"\x82\xa4type\x00" + end, `0`, nil},
		"connect, payload":            {connect + "\x81\xa1a\x01", `0{"a":1}`, nil},
		"connect, undefined":          {connect + "\xd4\x00\x00", `0`, nil},
		"connect, nil":                {connect + "\xc0", ``, protocol.ErrPayload},
		"connect, array":              {connect + "\x90", ``, protocol.ErrPayload},
		"connect, string":             {connect + "\xa0", ``, protocol.ErrPayload},
		"connect, bin":                {connect + "\xc4\x00", ``, protocol.ErrAttachments},
		"connect, bin in it":          {connect + "\x81\xa1a\xc4\x00", ``, protocol.ErrAttachments},
		"disconnect":                  {"\x82\xa4type\x01" + end, `1`, nil},
		"disconnect, payload":         {disconnect + "\x80", ``, protocol.ErrPayload},
		"disconnect, nil":             {disconnect + "\xc0", ``, protocol.ErrPayload},
		"event, none":                 {"\x82\xa4type\x02" + end, ``, protocol.ErrPayload},
		"event, map":                  {event + "\x80", ``, protocol.ErrPayload},
		"event, bin":                  {event + "\xc4\x00", ``, protocol.ErrPayload},
		"event, no name":              {event + "\x90", ``, protocol.ErrPayload},
		"event, nil for a name":       {event + "\x91\xc0", ``, protocol.ErrPayload},
		"event, bin for a name":       {event + "\x91\xc4\x00", ``, protocol.ErrPayload},
		"event, number for a name":    {event + "\x91\x07", `2[7]`, nil},
		"event, empty name":           {event + "\x91\xa0", `2[""]`, nil},
		"event, reserved":             {event + "\x91\xaadisconnect", ``, protocol.ErrReserved},
		"ack, none":                   {"\x82\xa4type\x03" + end, ``, protocol.ErrPayload},
		"ack, without id":             {ack + "\x90", `3[]`, nil},
		"ack, name of no matter":      {ack + "\x91\xaadisconnect", `3["disconnect"]`, nil},
		"ack, map":                    {ack + "\x80", ``, protocol.ErrPayload},
		"connect error":               {connectError + "\x80", `4{}`, nil},
		"connect error, string":       {connectError + "\xa2no", `4"no"`, nil},
		"connect error, none":         {"\x82\xa4type\x04" + end, ``, protocol.ErrPayload},
		"connect error, array":        {connectError + "\x90", ``, protocol.ErrPayload},
		"type, none":                  {"\x81" + end, ``, protocol.ErrType},
		"type, undefined":             {"\x82\xa4type\xd4\x00\x00" + end, ``, protocol.ErrType},
		"type, string":                {"\x82\xa4type\xa12" + end, ``, protocol.ErrType},
		"type, negative":              {"\x82\xa4type\xff" + end, ``, protocol.ErrType},
		"type, binary event":          {"\x83\xa4type\x05\xa4data\x91\xa1e" + end, `2["e"]`, nil},
		"type, binary ack":            {"\x84\xa4type\x06\xa4data\x90\xa2id\x01" + end, `31[]`, nil},
		"type, beyond the last":       {"\x82\xa4type\x07" + end, ``, protocol.ErrType},
		"type, beyond a byte":         {"\x82\xa4type\xcd\x01\x00" + end, ``, protocol.ErrType},
		"type, beyond what it is":     {"\x82\xa4type\xcc\xff" + end, ``, protocol.ErrType},
		"type, long":                  {"\x82\xa4type\xcf\x00\x00\x00\x00\x00\x00\x00\x01" + end, `1`, nil},
		"namespace":                   {"\x82\xa4type\x01\xa3nsp\xa6/a?b=c", `1/a?b=c,`, nil},
		"namespace, none":             {"\x81\xa4type\x01", ``, protocol.ErrSyntax},
		"namespace, undefined":        {"\x82\xa4type\x01\xa3nsp\xd4\x00\x00", ``, protocol.ErrSyntax},
		"namespace, nil":              {"\x82\xa4type\x01\xa3nsp\xc0", ``, protocol.ErrSyntax},
		"namespace, empty":            {"\x82\xa4type\x01\xa3nsp\xa0", ``, protocol.ErrSyntax},
		"namespace, no slash":         {"\x82\xa4type\x01\xa3nsp\xa1a", ``, protocol.ErrSyntax},
		"namespace, comma":            {"\x82\xa4type\x01\xa3nsp\xa3/a,", ``, protocol.ErrSyntax},
		"namespace, not UTF-8":        {"\x82\xa4type\x01\xa3nsp\xa2/\xff", ``, protocol.ErrSyntax},
		"namespace, longest":          {"\x82\xa4type\x01\xa3nsp\xda\x02\x00/" + long[1:], `1/` + long[1:] + `,`, nil},
		"namespace, too long":         {"\x82\xa4type\x01\xa3nsp\xda\x02\x01/" + long, ``, protocol.ErrNamespace},
		"id":                          {"\x83\xa4type\x01\xa2id\x00" + end, `10`, nil},
		"id, greatest":                {"\x83\xa4type\x01\xa2id\xcf\xff\xff\xff\xff\xff\xff\xff\xff" + end, `118446744073709551615`, nil},
		"id, undefined":               {"\x83\xa4type\x01\xa2id\xd4\x00\x00" + end, `1`, nil},
		"id, nil":                     {"\x83\xa4type\x01\xa2id\xc0" + end, ``, protocol.ErrSyntax},
		"id, negative":                {"\x83\xa4type\x01\xa2id\xff" + end, ``, protocol.ErrSyntax},
		"id, fraction":                {"\x83\xa4type\x01\xa2id\xca\x3f\x00\x00\x00" + end, ``, protocol.ErrSyntax},
		"id, string":                  {"\x83\xa4type\x01\xa2id\xa11" + end, ``, protocol.ErrSyntax},
		"unknown member":              {"\x83\xa4type\x01\xa7options\x81\xa1a\x92\xc4\x00\x80" + end, `1`, nil},
		"unknown member, no string":   {"\x83\xa4type\x01\x92\x01\xc0\x02" + end, `1`, nil},
		"member twice, last wins":     {"\x85\xa4type\x02\xa4data\x92\xa1a\xc4\x00\xa4data\x91\xa1b\xa4type\x03" + end, `3["b"]`, nil},
		"nothing":                     {"", ``, protocol.ErrSyntax},
		"no map":                      {"\x90", ``, protocol.ErrSyntax},
		"bytes after it":              {"\x82\xa4type\x01" + end + "\xc0", ``, protocol.ErrSyntax},
		"member missing":              {"\x83\xa4type\x01" + end, ``, protocol.ErrSyntax},
		"value missing":               {"\x83\xa4type\x01" + end + "\xa2id", ``, protocol.ErrSyntax},
		"array too short":             {event + "\x92\xa1e", ``, protocol.ErrSyntax},
		"array that claims much":      {event + "\xdd\xff\xff\xff\xff\xa1e", ``, protocol.ErrSyntax},
		"map that claims much":        {"\xdf\xff\xff\xff\xff", ``, protocol.ErrSyntax},
		"map in it that claims much":  {event + "\x92\xa1e\xdf\xff\xff\xff\xff\xa1a\x01", ``, protocol.ErrSyntax},
		"string that claims much":     {event + "\x91\xdb\xff\xff\xff\xffa", ``, protocol.ErrSyntax},
		"bin that claims much":        {event + "\x92\xa1e\xc6\xff\xff\xff\xffa", ``, protocol.ErrSyntax},
		"extension that claims much":  {event + "\x92\xa1e\xc9\xff\xff\xff\xff\x00a", ``, protocol.ErrSyntax},
		"code that is none":           {event + "\x92\xa1e\xc1", ``, protocol.ErrSyntax},
		"string, not UTF-8":           {event + "\x91\xa1\xff", ``, protocol.ErrSyntax},
		"string, half a pair":         {event + "\x91\xa3\xed\xa0\x80", ``, protocol.ErrSyntax},
		"map, nil for a key":          {event + "\x92\xa1e\x81\xc0\x01", ``, protocol.ErrSyntax},
		"map, array for a key":        {event + "\x92\xa1e\x81\x90\x01", ``, protocol.ErrSyntax},
		"map, key missing":            {event + "\x92\xa1e\x81", ``, protocol.ErrSyntax},
		"timestamp of a wrong size":   {event + "\x92\xa1e\xd5\xff\x00\x00", ``, protocol.ErrSyntax},
		"placeholder beside binary":   {event + "\x93\xa1e\xc4\x00\x82\xac_placeholder\xc3\xa3num\x00", ``, protocol.ErrAttachments},
		"placeholder before binary":   {event + "\x93\xa1e\x81\xac_placeholder\xc3\xc4\x00", ``, protocol.ErrAttachments},
		"placeholder around binary":   {event + "\x92\xa1e\x82\xac_placeholder\xc3\xa1a\xc4\x00", ``, protocol.ErrAttachments},
		"placeholder in an extension": {event + "\x93\xa1e\xd4\x01a\x81\xac_placeholder\xc3", ``, protocol.ErrAttachments},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Decode([]byte(test.message), protocol.Limits{})
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			if d := diff(text2packet(t, test.text), p); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeLimits(t *testing.T) {
	nested := func(arrays int) string {
		return event + "\x92\xa1e" + strings.Repeat("\x91", arrays-2) + "\x90"
	}
	bins := func(n int) string {
		return event + "\xdd\x00\x00" + string([]byte{byte((n + 1) >> 8), byte(n + 1)}) + "\xa1e" + strings.Repeat("\xc4\x00", n)
	}
	text := func(size int) string { // of the whole message
		head := event + "\x91\xdb\x00"
		n := size - len(head) - 3
		return head + string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) + strings.Repeat("a", n)
	}
	tests := map[string]struct {
		limits  protocol.Limits
		message string
		err     error
	}{
		"depth, default":          {protocol.Limits{}, nested(64), nil},
		"depth, over default":     {protocol.Limits{}, nested(65), protocol.ErrTooDeep},
		"depth":                   {protocol.Limits{Depth: 2}, nested(2), nil},
		"depth, over":             {protocol.Limits{Depth: 2}, nested(3), protocol.ErrTooDeep},
		"depth, greatest":         {protocol.Limits{Depth: 1e6}, nested(1024), nil},
		"depth, over greatest":    {protocol.Limits{Depth: 1e6}, nested(1025), protocol.ErrTooDeep},
		"depth of maps":           {protocol.Limits{Depth: 2}, event + "\x92\xa1e\x81\xa1a\x80", protocol.ErrTooDeep},
		"depth of extensions":     {protocol.Limits{Depth: 1}, event + "\x92\xa1e\xd4\x01a", protocol.ErrTooDeep},
		"namespace":               {protocol.Limits{Namespace: 1}, event + "\x91\xa1e", nil},
		"namespace, over":         {protocol.Limits{Namespace: 1}, "\x82\xa4type\x01\xa3nsp\xa2/a", protocol.ErrNamespace},
		"bytes, default":          {protocol.Limits{}, text(1e6), nil},
		"bytes, over default":     {protocol.Limits{}, text(1e6 + 1), protocol.ErrTooLarge},
		"bytes":                   {protocol.Limits{Bytes: 100}, text(100), nil},
		"bytes, over":             {protocol.Limits{Bytes: 100}, text(101), protocol.ErrTooLarge},
		"attachments":             {protocol.Limits{Bytes: 64_000}, bins(1000), nil},
		"attachments, over":       {protocol.Limits{Bytes: 64_000}, bins(1001), protocol.ErrTooManyAttachments},
		"attachments as in JS":    {protocol.Limits{Attachments: 1}, bins(11), nil},
		"ignored depth":           {protocol.Limits{Depth: 1}, "\x83\xa4type\x01\xa3nsp\xa1/\xa1o\x91\x91\x90", nil},
		"ignored depth, hostile":  {protocol.Limits{}, "\x83\xa4type\x01\xa3nsp\xa1/\xa1o" + strings.Repeat("\x91", 900_000), protocol.ErrSyntax},
		"depth, hostile":          {protocol.Limits{}, event + strings.Repeat("\x91", 900_000), protocol.ErrTooDeep},
		"depth, hostile, of keys": {protocol.Limits{}, event + "\x92\xa1e" + strings.Repeat("\x81", 900_000), protocol.ErrSyntax},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode([]byte(test.message), test.limits); !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
		})
	}
}

// A message cannot make Decode allocate much more than its own size.
func TestDecodeExpansion(t *testing.T) {
	const n = 65535
	for name, element := range map[string]string{
		"false": "\xc2", "nil": "\xc0", "float32": "\xca\x3d\xcc\xcc\xcd", "undefined": "\xd4\x00\x00",
		"control characters": "\xa8\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		message := []byte(event + "\xdc\xff\xff\xa1e" + strings.Repeat(element, n-1))
		p, err := Decode(message, protocol.Limits{})
		if err != nil {
			t.Fatal(name, err)
		}
		if len(p.Data) > 7*len(message) {
			t.Errorf("%s: %d bytes become %d", name, len(message), len(p.Data))
		}
	}
	short := []byte(event + "\xdd\xff\xff\xff\xff\xa1e" + "\xdf\xff\xff\xff\xff")
	if n := allocated(func() { _, _ = Decode(short, protocol.Limits{}) }); n > 1024 {
		t.Errorf("%d bytes allocated for a message of %d", n, len(short))
	}
}

func TestDecodeDoesNotAlias(t *testing.T) {
	for _, v := range vectors(t, "server.hex") {
		p, err := Decode(v.message, protocol.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range v.message {
			v.message[i] = 0xff
		}
		if d := diff(v.packet, p); d != "" {
			t.Error(d)
		}
		if i := bytes.IndexByte(p.Data, 0xff); i >= 0 {
			t.Errorf("%s: byte %d", p.Data, i)
		}
	}
}
