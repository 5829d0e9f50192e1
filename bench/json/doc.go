// Package json compares JSON libraries: how fast they decode and encode what
// events carry, and where they differ from encoding/json. What came of it is in
// docs/adr/0009-json.md.
//
//	go test -bench . -benchmem
//	go test -run Differences -library goccy -seconds 30 -v
package json
