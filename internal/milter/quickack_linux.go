package milter

import "syscall"

// quickAck asks for acknowledgements at once. Linux forgets it again: it has to be said before each wait.
func quickAck(fd uintptr) {
	_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
}
