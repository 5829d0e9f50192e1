package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/briohq/brio/bench/internal/frame"
)

// neverReadCut is how long it takes until so much waits for a member of the busy room
// that it is cut: what its kernel and the server's hold, and MaxBacklog. If many do
// this, MaxBacklogTotal is reached earlier.
const neverReadCut = 15 * time.Second

func drippedFrame(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	w.rude = true // its answers would be bytes of the frame
	text := frame.AppendMasked(nil, frame.Text, []byte(`42["echo","`+strings.Repeat("x", 5000)+`"]`))

	return w.cut(silence, often, func() error {
		one := text[:1]
		text = text[1:]
		return w.write(string(one))
	})
}

func endlessFragments(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	w.rude = true // answers between fragments are not allowed, so it can't give any
	fragment := frame.AppendMasked(nil, frame.Text, []byte("42"))
	fragment[0] &= 0x7f

	return w.cut(silence, often, func() error {
		err := w.write(string(fragment))
		fragment = frame.AppendMasked(nil, frame.Continuation, []byte("x"))
		fragment[0] &= 0x7f

		return err
	})
}

// closes sends what has to be answered with a close frame of that status, or any if
// it is 0.
func (w *wire) closes(text string, code int) (outcome, error) {
	if err := w.linger(); err != nil {
		return "", err
	}
	if err := w.write(text); err != nil {
		return "", err
	}
	how, err := w.cut(0, time.Second, nil)
	if err == nil && code != 0 && w.code != code {
		return "", fmt.Errorf("closed with %d, not %d", w.code, code)
	}

	return how, err
}

func garbage(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	junk := make([]byte, 100)
	for i := range junk {
		junk[i] = byte(a.random.Uint32())
	}
	junk[0] |= 0x70 // bits that mean nothing

	return w.closes(string(junk), 1002)
}

// bombed is a compressed text of 10 MB.
var bombed = sync.OnceValue(func() string {
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, flate.BestCompression) // there is this level
	zeros := bytes.Repeat([]byte("0"), 1<<20)
	for range 10 {
		_, _ = z.Write(zeros) // a buffer takes everything
	}
	_ = z.Flush()
	f := frame.AppendMasked(nil, frame.Text, bytes.TrimSuffix(b.Bytes(), []byte{0, 0, 0xff, 0xff}))
	f[0] |= 0x40

	return string(f)
})

func bomb(a *attacker) (outcome, error) {
	w, err := a.join(false, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
	if err != nil {
		return "", err
	}

	return w.closes(bombed(), 1009)
}

func pings(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	one := string(frame.AppendMasked(nil, frame.Ping, []byte("are you there?")))

	return w.flood(strings.Repeat(one, 25), func() int { return w.pongs })
}

// flood sends the same every 50 ms, and checks that the server reads not more of it
// than it is to.
func (w *wire) flood(text string, replies func() int) (outcome, error) {
	const lasts = 6 * time.Second
	start, rest, waited := time.Now(), "", false
	for time.Since(start) < lasts {
		next := time.Now().Add(50 * time.Millisecond)
		if rest == "" {
			rest = text
		}
		_ = w.SetWriteDeadline(next) // writing fails too then
		n, err := w.Write([]byte(rest))
		rest = rest[n:]
		if late, ok := errors.AsType[net.Error](err); err != nil && (!ok || !late.Timeout()) {
			return "", err
		}
		if rest != "" {
			waited = true
			continue
		}
		if err := w.listen(next); err != nil {
			return "", err
		}
	}
	// What had been read with the packet that was too much is answered too: no more
	// than one read has, which is 64 KiB; it is paid for afterwards.
	n, most := replies(), int(intakeBurst+intakePackets*(time.Since(start)+slack).Seconds())+(64<<10)*25/len(text)
	if n > most || n == 0 {
		return "", fmt.Errorf("%d of a flood were answered, at most %d may be; waited %v", n, most, waited)
	}

	return paused, nil
}

func silent(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	w.rude = true

	return w.cut(silence, time.Second, nil)
}

// neverReads answers heartbeats that it does not hear, so that these do not cut it.
func neverReads(a *attacker) (outcome, error) {
	w, err := a.join(true, "")
	if err != nil {
		return "", err
	}
	if err := w.say(`42["join","busy"]`); err != nil {
		return "", err
	}
	w.deaf = true

	return w.cut(neverReadCut, time.Second, func() error { return w.say("3") })
}
