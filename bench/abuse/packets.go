package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/frame"
)

func invalid(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	list := []string{"9", "48", `42{"no":"array"}`, `42["unfinished`, `42[1e]`, "42", "4"}
	text := list[a.random.IntN(len(list))]
	how, err := w.closes(string(frame.AppendMasked(nil, frame.Text, []byte(text))), 0)
	if err != nil {
		err = fmt.Errorf("%s: %w", text, err)
	}

	return how, err
}

func deepJSON(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	text := `42["echo",` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `]`

	return w.closes(string(frame.AppendMasked(nil, frame.Text, []byte(text))), 0)
}

func missingAttachment(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	if err := w.say(`451-["e",{"_placeholder":true,"num":0}]`); err != nil {
		return "", err
	}

	return w.cut(2*pingInterval, time.Second, nil)
}

func neverJoins(a *attacker) (outcome, error) {
	w, err := a.begin(false, "")
	if err != nil {
		return "", err
	}

	return w.cut(connectTimeout, time.Second, nil)
}

func namespaces(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	const tried = 100
	joined, refused := 1, 0
	w.hear = func(text string) {
		switch {
		case strings.HasPrefix(text, "40/org-"):
			joined++
		case strings.HasPrefix(text, "44/org-") && strings.Contains(text, "too many namespaces"):
			refused++
		}
	}
	err = w.hears(events(tried, fmt.Sprintf("40/org-%d-%%d,", a.number)), func() bool { return joined+refused > tried })
	if err != nil || joined != maxNamespaces {
		return "", fmt.Errorf("%d namespaces, %d refused: %v", joined, refused, err) //nolint:errorlint // it may be nil
	}

	return answered, w.linger()
}

func rooms(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	const tried = 80
	joined, refused := 0, 0
	w.hear = func(text string) {
		switch {
		case strings.HasPrefix(text, "43") && strings.HasSuffix(text, "[true]"):
			joined++
		case strings.HasPrefix(text, "43") && strings.HasSuffix(text, "[false]"):
			refused++
		}
	}
	err = w.hears(events(tried, `42%d["join","`+fmt.Sprint(a.number)+`-%[1]d"]`), func() bool { return joined+refused == tried })
	if err != nil || joined != maxRooms {
		return "", fmt.Errorf("%d rooms, %d refused: %v", joined, refused, err) //nolint:errorlint // it may be nil
	}

	return answered, w.linger()
}

func tiny(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	replies := 0
	w.hear = func(string) { replies++ }
	one := string(frame.AppendMasked(nil, frame.Text, []byte(`420["echo",""]`)))

	return w.flood(strings.Repeat(one, 25), func() int { return replies })
}

func tooOften(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	const tried = 150
	let, refused, start := 0, 0, time.Now()
	w.hear = func(text string) {
		if strings.Contains(text, `"too_many"`) {
			refused++
		} else {
			let++
		}
	}
	err = w.hears(events(tried, `42%d["echo","x"]`), func() bool { return let+refused == tried })
	if most := eventsBurst + int(time.Since(start).Seconds()*eventsPerSecond) + 1; err != nil || let < eventsBurst || let > most {
		return "", fmt.Errorf("%d events were let in, %d refused: %v", let, refused, err) //nolint:errorlint // it may be nil
	}

	return answered, w.linger()
}

func forgedAcks(a *attacker) (outcome, error) {
	w, err := a.join(false, "")
	if err != nil {
		return "", err
	}
	heard := ""
	w.hear = func(text string) { heard = text }
	if err := w.linger(); err != nil {
		return "", err
	}
	err = w.hears(events(20, "43%d[null]")+string(frame.AppendMasked(nil, frame.Text, []byte(`427["echo","still there"]`))), func() bool { return heard != "" })
	if err != nil || heard != `437["still there"]` {
		return "", fmt.Errorf("heard %q: %v", heard, err) //nolint:errorlint // it may be nil
	}

	return answered, nil
}
