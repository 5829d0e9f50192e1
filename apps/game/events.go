package game

import (
	"encoding/binary"
	"encoding/json"

	"github.com/briohq/brio"
)

// The whole protocol.
const (
	Play     brio.Call[brio.None, int]     = "play"     // asks for a ship; answers which one
	Steer    brio.Event[[]byte]            = "steer"    // volatile, see Game.steer
	Snapshot brio.Event[[]byte]            = "snapshot" // the latest, 15 times a second, see appendSnapshot
	Crew     brio.Event[map[int][2]string] = "crew"     // the latest, once a second: whose ship it is, name and socket
	Best     brio.Event[json.RawMessage]   = "best"     // also: who has had the most notes, [{name, notes}]
)

// appendSnapshot appends what is sent of a frame: how it differs from an earlier one, its base.
//
//	tick, age     the base was age steps before; if age is 0 it was an empty frame, so that all is said
//	then, until the end of the message, for each row that is not as foreseen:
//	gap, mask     how many rows before it are as foreseen; bit i is set if number i of this one is not
//	differences   for each bit, lowest first, signed
//
// All are varints of encoding/binary. A ship is foreseen to go on as fast as in the base, a note to stay: that is free.
// The base is the newest frame that the page has acknowledged, not the one sent before: snapshots are sent with Latest,
// so one that a slow page has not got yet gives way to the next, and what builds on it could not be decoded. On what a
// page says it holds one can build, whatever was lost. A page that holds nothing says tick 0, and gets all.
func appendSnapshot(b []byte, now, base *frame) []byte {
	age, gap := now.tick-base.tick, 0
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(now.tick)), uint64(age))
	for i := range now.rows {
		foreseen, mask, differences := base.rows[i], uint64(0), make([]byte, 0, 45)
		foreseen[atX], foreseen[atY] = foreseen[atX]+age*foreseen[byX], foreseen[atY]+age*foreseen[byY]
		for f, n := range now.rows[i] {
			if n != foreseen[f] {
				mask |= 1 << f
				differences = binary.AppendVarint(differences, int64(n-foreseen[f]))
			}
		}
		if gap++; mask != 0 {
			b = append(binary.AppendUvarint(binary.AppendUvarint(b, uint64(gap-1)), mask), differences...)
			gap = 0
		}
	}
	return b
}
