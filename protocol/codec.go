package protocol

// Codec is another way to write packets than text: each as one binary message,
// its attachments included. Peers may write the packets that have nothing binary
// as text messages of the codec's own. Its methods may be called concurrently.
type Codec interface {
	// Append appends the message of a packet to dst. An error says that the
	// packet is not one that a Decoder or an encoder of this package makes.
	Append(dst []byte, p *Packet) ([]byte, error)
	// Decode reads a binary message, within limits. Data and Attachments of the
	// packet are its own.
	Decode(message []byte, limits Limits) (Packet, error)
	// DecodeText does so with a text message. The error is
	// [ErrUnexpectedText] where there are none.
	DecodeText(message []byte, limits Limits) (Packet, error)
}
