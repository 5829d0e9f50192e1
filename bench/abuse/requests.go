package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func silentTCP(a *attacker) (outcome, error) {
	w, err := a.dial(false)
	if err != nil {
		return "", err
	}

	return w.cut(readHeaderTimeout, time.Second, nil)
}

// often is after which time a byte follows another.
const often = 200 * time.Millisecond

func slowHeaders(a *attacker) (outcome, error) {
	w, err := a.dial(false)
	if err != nil {
		return "", err
	}
	if err := w.write("GET " + handshake + "polling HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		return "", err
	}

	return w.cut(readHeaderTimeout, often, func() error { return w.write("x") })
}

func slowBody(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	// One that has joined nothing would be closed earlier, and waited for longer, as its
	// next GET has to be told.
	status, body, err := w.ask("POST", "polling&sid="+w.session, "", "40")
	if _, err := is(status, body, err, http.StatusOK, "ok"); err != nil {
		return "", err
	}
	if err := w.write("POST " + handshake + "polling&sid=" + w.session + " HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n4"); err != nil {
		return "", err
	}

	return w.cut(silence, often, func() error { return w.write("x") })
}

// is checks an answer: its status, and what is in it.
func is(status int, body []byte, err error, want int, text string) (outcome, error) {
	if err != nil {
		return "", err
	}
	if status != want || !strings.Contains(string(body), text) {
		return "", unexpected(status, body)
	}

	return answered, nil
}

func largePOST(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	// As much more than is allowed as net/http reads, so that the answer is not lost.
	status, body, err := w.ask("POST", "polling&sid="+w.session, "", "4"+strings.Repeat("x", maxPayload+1000))

	return is(status, body, err, http.StatusRequestEntityTooLarge, "")
}

func twoGETs(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	other, err := a.dial(false)
	if err != nil {
		return "", err
	}
	for _, one := range []*wire{w, other} {
		if err := one.request("GET", "polling&sid="+w.session, "", ""); err != nil {
			return "", err
		}
	}
	// Either may have come first: one is refused, the other told that it is over.
	first, one, err := w.answer(patience)
	second, two, e := other.answer(patience)
	if err := errors.Join(err, e); err != nil {
		return "", err
	}
	if first == http.StatusBadRequest {
		first, second, one = second, first, two
	}
	if first != http.StatusOK || second != http.StatusBadRequest || string(one) != "1" {
		return "", fmt.Errorf("answered %d %q and %d", first, one, second)
	}

	return w.over()
}

// over checks that a session is.
func (w *wire) over() (outcome, error) {
	status, body, err := w.ask("POST", "polling&sid="+w.session, "", "40")

	return is(status, body, err, http.StatusBadRequest, "Session ID unknown")
}

func twoPOSTs(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	slow, err := a.dial(false)
	if err != nil {
		return "", err
	}
	if err := slow.write("POST " + handshake + "polling&sid=" + w.session + " HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n4"); err != nil {
		return "", err
	}
	if err := w.listen(time.Now().Add(time.Second)); err != nil { // until that has come
		return "", err
	}
	status, body, err := w.ask("POST", "polling&sid="+w.session, "", "40")
	if how, err := is(status, body, err, http.StatusBadRequest, ""); err != nil {
		return how, err
	}

	return w.over()
}

// unreadGET lets much wait in the busy room, and does not read it.
func unreadGET(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	for _, packet := range []string{"40", `42["join","busy"]`} {
		status, body, err := w.ask("POST", "polling&sid="+w.session, "", packet)
		if _, err := is(status, body, err, http.StatusOK, "ok"); err != nil {
			return "", err
		}
	}
	if err := w.listen(time.Now().Add(3 * time.Second)); err != nil {
		return "", err
	}
	slow, err := a.dial(true)
	if err != nil {
		return "", err
	}
	if err := slow.request("GET", "polling&sid="+w.session, "", ""); err != nil {
		return "", err
	}
	slow.deaf = true

	return slow.cut(silence+5*time.Second, time.Second, func() error { return slow.write("G") })
}

func guessedID(a *attacker) (outcome, error) {
	w, err := a.dial(false)
	if err != nil {
		return "", err
	}
	for range 4 {
		status, body, err := w.ask("GET", "polling&sid="+rand.Text()[:20], "", "")
		if how, err := is(status, body, err, http.StatusBadRequest, `"code":1`); err != nil {
			return how, err
		}
		if err := w.linger(); err != nil {
			return "", err
		}
	}

	return answered, nil
}

func crossSite(a *attacker) (outcome, error) {
	w, err := a.dial(false)
	if err != nil {
		return "", err
	}
	if err := a.wait(a.kind.every / 2); err != nil {
		return "", err
	}
	status, body, err := w.ask("GET", "websocket", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\nCookie: session=of-a-user\r\n", "")

	return is(status, body, err, http.StatusBadRequest, "Forbidden")
}

func unfinishedUpgrade(a *attacker) (outcome, error) {
	w, err := a.poll()
	if err != nil {
		return "", err
	}
	to, err := a.websocket(false, "&sid="+w.session, "")
	if err != nil {
		return "", err
	}
	if err := to.say("2probe"); err != nil {
		return "", err
	}
	if _, text, err := to.next(time.Now().Add(patience)); err != nil || string(text) != "3probe" {
		return "", fmt.Errorf("the probe is answered %q: %v", text, err) //nolint:errorlint // it may be nil
	}

	return to.cut(upgradeTimeout, time.Second, nil)
}
