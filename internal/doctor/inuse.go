package doctor

import (
	"errors"
	"io/fs"
	"syscall"
)

func inUse(err error) bool        { return errors.Is(err, syscall.EADDRINUSE) }
func notPermitted(err error) bool { return errors.Is(err, fs.ErrPermission) }
func notHere(err error) bool      { return errors.Is(err, syscall.EADDRNOTAVAIL) }
func noFolder(err error) bool     { return errors.Is(err, fs.ErrNotExist) }
