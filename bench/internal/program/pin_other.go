//go:build !linux

package program

import (
	"errors"
	"os/exec"
)

var errLinux = errors.New("this needs Linux, to choose cores")

func StartOn(*exec.Cmd, []int) error { return errLinux }

func Pin(int) error { return errLinux }
