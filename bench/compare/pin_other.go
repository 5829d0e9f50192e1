//go:build !linux

package main

import (
	"errors"
	"os/exec"
)

func startOn(*exec.Cmd, []int) error { return errors.New("this needs Linux, to choose cores") }
