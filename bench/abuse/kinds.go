package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// kinds are the ways to attack that are asked for.
func (c *command) kinds() []kind {
	return slices.DeleteFunc(everyKind(), func(k kind) bool { return !strings.Contains(k.name, c.Only) })
}

func everyKind() []kind {
	within := func(what string, d time.Duration) string { return fmt.Sprintf("%s within %s", what, d) }
	return []kind{
		// Requests.
		{"TCP that says nothing", within("cut", readHeaderTimeout), 4 * time.Second, silentTCP},
		{"headers, a byte at a time", within("cut", readHeaderTimeout), 4 * time.Second, slowHeaders},
		{"body of a POST, a byte at a time", within("cut", silence), 4 * time.Second, slowBody},
		{"POST that is too large", "413", 4 * time.Second, largePOST},
		{"two GETs at once", "400, and the session ends", 4 * time.Second, twoGETs},
		{"two POSTs at once", "400, and the session ends", 4 * time.Second, twoPOSTs},
		{"large answers that are not read", within("cut", silence+5*time.Second), 4 * time.Second, unreadGET},
		{"guessed session ids", "400, code 1", 2 * time.Second, guessedID},
		{"WebSocket of another site's page", "400, Forbidden", 2 * time.Second, crossSite},
		{"upgrade that is never finished", within("its WebSocket is cut", upgradeTimeout), 4 * time.Second, unfinishedUpgrade},

		// Frames.
		{"frame, a byte at a time", within("cut", silence), 4 * time.Second, drippedFrame},
		{"fragments for ever", within("cut", silence), 4 * time.Second, endlessFragments},
		{"garbage instead of frames", "close 1002", 2 * time.Second, garbage},
		{"compression bomb", "close 1009", 4 * time.Second, bomb},
		{"pings of WebSocket, 500 a second", fmt.Sprintf("paused: %d at once, %d a second are answered", intakeBurst, intakePackets), 8 * time.Second, pings},
		{"silence after joining", within("cut", silence), 4 * time.Second, silent},

		// Packets.
		{"invalid packets", "cut at once", 2 * time.Second, invalid},
		{"JSON, 10,000 deep", "cut at once", 2 * time.Second, deepJSON},
		{"attachment that never comes", within("cut", 2*pingInterval), 4 * time.Second, missingAttachment},
		{"no namespace is joined", within("cut", connectTimeout), 4 * time.Second, neverJoins},
		{"100 namespaces", fmt.Sprintf("%d joined, the others refused", maxNamespaces), 8 * time.Second, namespaces},
		{"80 rooms", fmt.Sprintf("%d joined, the others refused", maxRooms), 8 * time.Second, rooms},
		{"tiny events, 500 a second", fmt.Sprintf("paused: %d at once, %d a second are read", intakeBurst, intakePackets), 8 * time.Second, tiny},
		{"150 events at once", fmt.Sprintf("%d at once, %d a second are let in, the others answered too_many", eventsBurst, eventsPerSecond), 8 * time.Second, tooOften},
		{"acknowledgements of nothing", "ignored, and the next event answered", 2 * time.Second, forgedAcks},
		{"a member of the busy room that never reads", within("cut", neverReadCut), 4 * time.Second, neverReads},
	}
}
