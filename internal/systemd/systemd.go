// Package systemd speaks with the service manager where there is one: sockets that it opened
// (sd_listen_fds), and news of the service (sd_notify). Without one, everything here does nothing.
package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// firstFD is SD_LISTEN_FDS_START.
const firstFD = 3

// maxFDs bounds what the environment can make us touch.
const maxFDs = 256

// Listeners gives the sockets that the manager opened for this process, all or those of one name
// (FileDescriptorName=), none where it opened none. Each can be had once: calling it takes the
// descriptors.
func Listeners(getenv func(string) string, name string) ([]net.Listener, error) {
	if pid, err := strconv.Atoi(getenv("LISTEN_PID")); err != nil || pid != os.Getpid() {
		return nil, nil
	}
	n, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n <= 0 {
		return nil, nil
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	var out []net.Listener
	for i := range min(n, maxFDs) {
		if name != "" && (i >= len(names) || names[i] != name) {
			continue
		}
		f := os.NewFile(uintptr(firstFD+i), "systemd socket")
		if f == nil {
			continue
		}
		l, err := net.FileListener(f)
		_ = f.Close() // FileListener made a copy, which children do not inherit
		if err != nil {
			return out, fmt.Errorf("socket %d of the service manager: %w", firstFD+i, err)
		}
		if u, ok := l.(*net.UnixListener); ok {
			u.SetUnlinkOnClose(false) // the manager goes on listening
		}
		out = append(out, l)
	}
	return out, nil
}

// Names gives the names of the sockets that the manager opened for this process; nil where it opened none.
func Names(getenv func(string) string) []string {
	if pid, err := strconv.Atoi(getenv("LISTEN_PID")); err != nil || pid != os.Getpid() || getenv("LISTEN_FDNAMES") == "" {
		return nil
	}
	return strings.Split(getenv("LISTEN_FDNAMES"), ":")
}

// States for Notify.
const (
	Ready     = "READY=1"
	Reloading = "RELOADING=1"
	Stopping  = "STOPPING=1"
)

// Notify tells the manager the states. Without a manager it does nothing.
func Notify(getenv func(string) string, states ...string) error {
	path := getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if path[0] == '@' {
		path = "\x00" + path[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte(strings.Join(states, "\n"))); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}
