package load

import "time"

// A stamp is what a message says of itself, so that who gets it can tell whose
// it is, which one, for whom, and since when it has been due.
type stamp struct {
	sender   uint32 // index of the client
	sequence uint32 // of its sender, from 0
	room     uint32
	due      time.Duration // since the run began
}

// stampSize is the bytes of a stamp: hexadecimal, so that it is the same in
// every encoding. What a message is longer is filled up.
const stampSize = 8 + 8 + 8 + 16

const digits = "0123456789abcdef"

func (s stamp) append(dst []byte, size int) []byte {
	dst = appendHex(dst, uint64(s.sender), 8)
	dst = appendHex(dst, uint64(s.sequence), 8)
	dst = appendHex(dst, uint64(s.room), 8)
	dst = appendHex(dst, uint64(s.due), 16)
	for range size - stampSize {
		dst = append(dst, '.')
	}

	return dst
}

// parseStamp reads a stamp and what fills it up, false if b is no message of
// that size.
func parseStamp(b []byte, size int) (s stamp, ok bool) {
	if len(b) != size {
		return s, false
	}
	sender, ok1 := parseHex(b[:8])
	sequence, ok2 := parseHex(b[8:16])
	room, ok3 := parseHex(b[16:24])
	due, ok4 := parseHex(b[24:40])

	return stamp{uint32(sender), uint32(sequence), uint32(room), time.Duration(due)}, ok1 && ok2 && ok3 && ok4 && int64(due) >= 0
}

func appendHex(dst []byte, v uint64, n int) []byte {
	for shift := 4 * (n - 1); shift >= 0; shift -= 4 {
		dst = append(dst, digits[v>>shift&15])
	}

	return dst
}

func parseHex(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint64(c)
	}

	return v, true
}
