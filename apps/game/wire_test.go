package game

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var errCut = errors.New("not a snapshot")

// decode is what web/wire.js does, too: it returns the frame that a snapshot makes of its base, nil if that is not there.
func decode(message []byte, find func(tick int32) *frame) (*frame, error) {
	fine := true
	unsigned := func() uint64 {
		n, size := binary.Uvarint(message)
		fine = fine && size > 0
		message = message[max(size, 0):]
		return n
	}
	signed := func() int32 {
		n, size := binary.Varint(message)
		fine = fine && size > 0
		message = message[max(size, 0):]
		return int32(n)
	}
	tick, age := int32(unsigned()), int32(unsigned())
	var f frame
	if age != 0 {
		base := find(tick - age)
		if base == nil {
			return nil, nil
		}
		f = *base
	}
	f.tick = tick
	for i := range f.rows {
		f.rows[i][atX] += age * f.rows[i][byX]
		f.rows[i][atY] += age * f.rows[i][byY]
	}
	for i := 0; fine && len(message) > 0; i++ {
		i += int(min(unsigned(), uint64(len(f.rows))))
		mask := unsigned()
		if i >= len(f.rows) || mask >= 1<<len(f.rows[0]) {
			return nil, errCut
		}
		for field := range f.rows[i] {
			if mask&(1<<field) != 0 {
				f.rows[i][field] += signed()
			}
		}
	}
	if !fine {
		return nil, errCut
	}
	return &f, nil
}

// Pages on lines that delay and lose what comes and what goes, by chance, hold what the server holds: every frame that
// they can decode is the server's, and in the end all hold the last one.
func TestPagesOnBadLines(t *testing.T) {
	const pages, steps, calm = 12, 900, 60
	type page struct {
		held map[int32]*frame
		told int32 // what the server knows that it holds
		in   map[int][][]byte
		out  map[int][]int32
	}
	w, r := newWorld(3), rand.New(rand.NewPCG(3, 3))
	server := map[int32]*frame{}
	all := make([]*page, pages)
	for i := range all {
		all[i] = &page{map[int32]*frame{}, 0, map[int][][]byte{}, map[int][]int32{}}
	}
	full, deltas := 0, 0
	for step := range steps {
		stepWith(w, func(i int) input {
			if i >= people {
				return w.think(i)
			}
			return input(r.Uint32())
		})
		now := w.frame
		if w.tick%every == 0 {
			server[w.tick] = &now
			delete(server, w.tick-64)
		}
		for i, p := range all {
			loss, delay := i*5, 1+i*2 // of a hundred; of a step each way, at most
			if step >= steps-calm {
				loss, delay = 0, 1
			}
			if w.tick%every == 0 && r.IntN(100) >= loss {
				base := server[p.told]
				if base == nil {
					base = &frame{tick: w.tick}
					full++
				} else {
					deltas++
				}
				due := step + 1 + r.IntN(delay)
				p.in[due] = append(p.in[due], appendSnapshot(nil, &now, base))
			}
			for _, message := range p.in[step] {
				f, err := decode(message, func(tick int32) *frame { return p.held[tick] })
				if err != nil {
					t.Fatal(err)
				}
				if f == nil {
					p.out[step+1] = append(p.out[step+1], 0) // it has nothing to build on: all, please
					continue
				}
				if s := server[f.tick]; s != nil && *s != *f {
					t.Fatalf("page %d holds another frame %d than the server", i, f.tick)
				}
				p.held[f.tick] = f
				if r.IntN(100) >= loss {
					due := step + 1 + r.IntN(delay)
					p.out[due] = append(p.out[due], f.tick)
				}
			}
			for _, tick := range p.out[step] {
				p.told = tick
			}
			delete(p.in, step)
			delete(p.out, step)
		}
	}
	last := w.tick - w.tick%every
	for i, p := range all {
		if p.held[last-every] == nil {
			t.Errorf("page %d does not hold the frame %d", i, last-every)
		}
	}
	if deltas < 20*full || full < pages {
		t.Errorf("%d snapshots said all, %d what differs", full, deltas)
	}
}

// The page's modules decode what this package encodes, and make a ship glide as it does.
func TestPageDoesTheSame(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs")
	}
	folder := t.TempDir()
	write := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"wire.js", "world.js", "sight.js", "pilot.js"} {
		text, err := web.ReadFile("web/" + name)
		if err != nil {
			t.Fatal(err)
		}
		write(name, text)
	}
	script, err := os.ReadFile("testdata/same.test.mjs")
	if err != nil {
		t.Fatal(err)
	}
	write("same.test.mjs", script)
	write("package.json", []byte(`{"type": "module"}`))
	given, err := json.Marshal(forThePage())
	if err != nil {
		t.Fatal(err)
	}
	write("given.json", given)
	if out, err := exec.CommandContext(t.Context(), node, "--test", filepath.Join(folder, "same.test.mjs")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%.4000s", err, out)
	}
}

// forThePage is a game as the server has it and sends it.
func forThePage() map[string]any {
	type sent struct {
		Tick  int32
		Bytes []byte // in base64
		Rows  []row
	}
	type glide struct {
		Input input
		Tick  int32
		Row   row
	}
	w, r := newWorld(5), rand.New(rand.NewPCG(5, 5))
	var snapshots []sent
	var past []frame
	for step := range 200 {
		stepWith(w, w.think)
		if step%2 == 0 {
			base := &frame{tick: w.tick}
			if len(past) > 3 && r.IntN(10) > 0 {
				base = &past[len(past)-1-r.IntN(3)]
			}
			now := w.frame
			snapshots = append(snapshots, sent{w.tick, appendSnapshot(nil, &now, base), now.rows[:]})
			past = append(past, now)
		}
	}
	lone := w.place(1)
	start := lone
	var glides []glide
	for tick := range int32(3000) {
		in := input(r.Uint32())
		if tick%50 > 10 {
			in = glides[tick-1].Input // hold course, to meet the walls
		}
		lone.glide(in, tick)
		glides = append(glides, glide{in, tick, lone})
	}
	return map[string]any{"snapshots": snapshots, "start": start, "glides": glides}
}

func BenchmarkTick(b *testing.B) {
	w := newWorld(1)
	past := [4]frame{}
	turn := func() {
		var inputs [people + bots]input
		for i := people; i < len(inputs); i++ {
			if w.rows[i][life] == 0 {
				w.rows[i] = w.place(w.tick + 1)
			}
			inputs[i] = w.think(i)
		}
		w.step(&inputs)
	}
	sent, snapshots := 0, 0
	for range 1000 {
		turn()
	}
	b.ReportAllocs()
	for b.Loop() {
		turn()
		if w.tick%every == 0 {
			now := &past[w.tick/every%4]
			*now = w.frame
			sent += len(appendSnapshot(nil, now, &past[(w.tick/every+3)%4]))
			snapshots++
		}
	}
	b.ReportMetric(float64(sent)/float64(max(1, snapshots)), "B/snapshot")
	b.ReportMetric(float64(len(appendSnapshot(nil, &w.frame, &frame{tick: w.tick}))), "B/full")
}

func ExampleSnapshot() {
	now, base := frame{tick: 9}, frame{tick: 7}
	base.rows[2] = row{atX: 100, byX: 10, life: 1}
	now.rows[2] = row{atX: 121, byX: 11, life: 1} // foreseen was 120, and 10
	now.rows[4] = row{worth: 1}
	fmt.Println(appendSnapshot(nil, &now, &base))
	// Output: [9 2 2 5 2 2 1 64 2]
}
