package keys

import "path/filepath"

// Files gives the files that a configuration names.
type Files struct {
	Read func(path string) ([]byte, error)
	// Glob gives the names of files, as filepath.Glob does.
	Glob func(pattern string) ([]string, error)
}

// Below has relative names be below a folder, "" for none.
func (f Files) Below(base string) Files {
	if base == "" {
		return f
	}
	in := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(base, path)
	}
	out := Files{Read: func(path string) ([]byte, error) { return f.Read(in(path)) }}
	if f.Glob != nil {
		out.Glob = func(pattern string) ([]string, error) { return f.Glob(in(pattern)) }
	}
	return out
}
