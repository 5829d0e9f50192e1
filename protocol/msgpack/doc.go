// Package msgpack is the codec of Socket.IO packets that the npm package
// socket.io-msgpack-parser 3 has: a whole packet in one binary message.
//
// The message is a MessagePack map with the members type, nsp, and perhaps data
// and id. Binary values stand in data where they belong, so there are no types
// for packets with attachments, and no messages that follow.
//
// What version 2 of that package sends, with clients of Socket.IO 2, is read too:
// it gives packets with binary values a type of their own, and joins and leaves
// namespaces by text messages, see [DecodeText]. It reads what [Append] writes,
// but for a refusal whose payload is not a string.
//
// The codec transcodes: nothing above it has to know what a client speaks.
// [Decode] makes the packet the text codec of package protocol would have made,
// with JSON as its Data and a placeholder for each of its Attachments. [Append]
// turns any such packet into one message. Whatever a packet holds passes through
// both; what MessagePack has and JSON has not becomes what JSON.stringify makes
// of the value a JavaScript peer would see:
//
//   - NaN and the infinities are null;
//   - a date, in the form of notepack.io 2 (extension 0) or of the MessagePack
//     specification (extension -1), is a string as of Date.prototype.toJSON;
//   - undefined (extension 0 of one byte) is null in an array, and leaves out the
//     member of a map it is the value of;
//   - an ArrayBuffer (extension 0) is an attachment, as any bin is;
//   - another extension is an array of its type and its bytes, an attachment;
//   - a map key that is an integer is its text. Any other key that is not a string
//     is refused.
//
// Integers are exact over the range of int64 and uint64, whatever JavaScript makes
// of them.
//
// # Limits
//
// Of [protocol.Limits], Bytes bounds the message, Depth the nesting in data, and
// Namespace the length of nsp. Attachments is not looked at: they cost no messages
// of their own here, and JavaScript peers send any number. One for each 64 bytes
// that Bytes allows is accepted. Lengths a peer claims allocate nothing; a message
// decodes into at most some six times its size, that of a row of false.
//
// # Caveats
//
// A packet that came with many attachments may be more than a peer of the text
// protocol accepts, if it is relayed to one: the JavaScript implementation takes
// ten.
//
// In a packet with attachments an object whose member _placeholder is true could
// not be told from the placeholder of one; [Decode] refuses it. Only events and
// acknowledgements have attachments: binary values in the payload of a connect
// packet are refused too, though the JavaScript implementation lets them pass.
package msgpack
