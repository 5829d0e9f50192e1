//go:build !linux

package program

import (
	"errors"
	"os/exec"
)

func StartOn(*exec.Cmd, []int) error { return errors.New("this needs Linux, to choose cores") }
