package warmup

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// mostRotated bounds the files before a log that are looked at, mostNames the names in its folder.
const mostRotated, mostNames = 10, 10_000

// packed are the ends of names of files that are no text any more.
var packed = []string{".gz", ".xz", ".bz2", ".zst", ".lz4"}

// rotated gives the files that a log was before it was rotated, the youngest first: mail.log.1, mail.log.0, mail.log-20261126.
func rotated(name string) []string {
	dir, base := filepath.Split(name)
	folder, err := os.Open(filepath.Clean(cmp.Or(dir, ".")))
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(mostNames)
	type old struct {
		name string
		at   time.Time
	}
	var list []old
	for _, n := range names {
		tail, found := strings.CutPrefix(n, base)
		if !found || len(tail) < 2 || tail[0] != '.' && tail[0] != '-' || slices.ContainsFunc(packed, func(s string) bool { return strings.HasSuffix(n, s) }) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, n))
		if err == nil && info.Mode().IsRegular() {
			list = append(list, old{filepath.Join(dir, n), info.ModTime()})
		}
	}
	slices.SortFunc(list, func(a, b old) int { return cmp.Or(b.at.Compare(a.at), strings.Compare(a.name, b.name)) })
	var out []string
	for _, o := range list[:min(len(list), mostRotated)] {
		out = append(out, o.name)
	}
	return out
}

// between gives the files that a log was after here and before it is what it is now, the oldest first.
func between(name string, here os.FileInfo) (out []string) {
	for _, n := range rotated(name) {
		info, err := os.Stat(n)
		if err != nil {
			continue
		}
		if os.SameFile(info, here) || info.ModTime().Before(here.ModTime()) {
			break
		}
		out = append(out, n)
	}
	slices.Reverse(out)
	return out
}
