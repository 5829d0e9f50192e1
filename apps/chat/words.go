package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/briohq/brio"
)

// The bounds of what people write, in characters.
const (
	MaxName = 24
	MaxRoom = 24
	MaxText = 2000
	maxKey  = 64
)

// cleanName returns the name as it will be shown, or says what to change.
func cleanName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if name == "" {
		return "", brio.Errorf("Type a name of at least one letter.")
	}
	if utf8.RuneCountInString(name) > MaxName {
		return "", brio.Errorf("Choose a name of at most %d characters.", MaxName)
	}
	if strings.ContainsFunc(name, unprintable) {
		return "", brio.Errorf("Leave out the characters that can’t be seen.")
	}

	return name, nil
}

// cleanRoom returns the name of a public room, or says what to change.
func cleanRoom(name string) (string, error) {
	name = strings.ToLower(strings.Join(strings.Fields(name), "-"))
	if name == "" {
		return "", brio.Errorf("Type a name for the room.")
	}
	if utf8.RuneCountInString(name) > MaxRoom {
		return "", brio.Errorf("Choose a room name of at most %d characters.", MaxRoom)
	}
	if strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return "", brio.Errorf("Name the room with letters, digits and dashes only.")
	}

	return name, nil
}

// cleanDraft returns what may be said, or says what to change.
func cleanDraft(d Draft) (Draft, error) {
	d.Text = strings.TrimSpace(d.Text)
	if d.Text == "" {
		return d, brio.Errorf("Type a message first.")
	}
	if n := utf8.RuneCountInString(d.Text); n > MaxText {
		return d, brio.Errorf("Shorten the message to %d characters; it has %d.", MaxText, n)
	}
	if d.Key == "" || len(d.Key) > maxKey {
		return d, brio.Errorf("Give the message a key of 1 to %d bytes.", maxKey)
	}

	return d, nil
}

// identify turns a browser's secret into the ID that others see.
func identify(key string) (string, error) {
	if len(key) < 16 || len(key) > maxKey {
		return "", brio.Errorf("Give a key of 16 to %d bytes.", maxKey)
	}
	sum := sha256.Sum256([]byte("brio chat " + key))

	return hex.EncodeToString(sum[:8]), nil
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
