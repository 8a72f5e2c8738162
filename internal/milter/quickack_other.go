//go:build unix && !linux

package milter

// quickAck: other systems have no such option, or need none.
func quickAck(uintptr) {}
