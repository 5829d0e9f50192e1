// Package exhaustion has tests that take away from real processes of brio what they live
// on, file descriptors, memory, room on the disk, the network, their very life, and
// see that clients are told, that who behaves is served, and that it ends well.
//
// TestStorm takes a seed and a length, and prints both, so that what it found can be
// looked for again:
//
//	go test -race ./conformance/exhaustion -run Storm -v -args -seed 7 -minutes 10
//
// The tests need Linux: they count in /proc.
package exhaustion
