// Package protocol is the text codec of the Socket.IO protocol, version 5.
//
// A [Packet] is one message of that protocol: a type, a namespace, perhaps an
// acknowledgement id, and a JSON payload. On the wire it is one text message,
//
//	<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]
//
// followed by its binary attachments, each a binary message of its own. In the
// JSON an attachment is stood for by a placeholder,
// {"_placeholder":true,"num":0}.
//
// Text is scanned, not parsed. A [Decoder] turns the messages of one connection
// into packets: it checks the whole text, once and without allocating, and keeps
// the payload as the bytes it came in. [Args] splits these bytes into arguments
// on demand and decodes one only into the variable an application hands to
// [Args.Scan]. An argument nobody looks at is relayed as it came.
//
// [AppendEvent] and [AppendArgs] go the other way. They write JSON as
// JSON.stringify does (no HTML escaping) and lift bytes out as attachments:
//
//   - a []byte that is an argument, or that stands in a tree of map[string]any
//     and []any (or is an element of [][]byte or map[string][]byte there);
//   - a [Binary], wherever it stands.
//
// What comes from a peer is never trusted. [Limits] bounds size, nesting,
// namespace and attachments; every refusal is an error that wraps one of the
// sentinels of this package and quotes little of what was sent. Numbering of
// placeholders is checked in both directions, so a peer can neither name an
// attachment twice nor slip a placeholder into a packet that relays its data.
//
// # Caveats
//
// A packet returned by [Decoder.Text] borrows the decoder's input, and so do the
// name and the arguments taken from it as bytes: [Packet.Clone] what outlives
// the call. Attachments are never copied again: they are shared by the packet,
// by every variable they are scanned into and by every packet that relays them,
// and must not be modified.
//
// A []byte field of a struct is base64 text in JSON, as in encoding/json; give
// the field the type [Binary] to make it an attachment. See there for its limits.
package protocol
