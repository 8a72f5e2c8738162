package doctor

import (
	"path/filepath"
	"syscall"
)

// free is how many octets there is room for beside a file, -1 where that is not known.
func free(file string) int64 {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(file), &s); err != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize)
}
