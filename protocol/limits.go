package protocol

// Limits bounds what a [Decoder] accepts. A field that is zero stands for its
// default.
type Limits struct {
	// Attachments is the number of attachments of one packet, 10 by default, as
	// in the JavaScript implementation. Negative: none.
	Attachments int

	// Depth is the number of arrays and objects inside one another, the argument
	// array included, 64 by default, 1024 at most.
	Depth int

	// Namespace is the length of a namespace in bytes, 512 by default.
	Namespace int

	// Bytes is the size of a packet, its text and all its attachments, 1e6 by
	// default.
	Bytes int
}

func (l Limits) withDefaults() Limits {
	if l.Attachments == 0 {
		l.Attachments = 10
	}
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.Namespace == 0 {
		l.Namespace = 512
	}
	if l.Bytes == 0 {
		l.Bytes = 1e6
	}
	l.Attachments = max(l.Attachments, 0)
	l.Depth = min(l.Depth, maxDepth)
	return l
}
