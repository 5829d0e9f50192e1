//go:build !unix

package memnet

import "syscall"

const haveKernel = false

type kernel struct{ out *stream }

func (kernel) Control(func(uintptr)) error    { return syscall.EINVAL }
func (kernel) Read(func(uintptr) bool) error  { return syscall.EINVAL }
func (kernel) Write(func(uintptr) bool) error { return syscall.EINVAL }
