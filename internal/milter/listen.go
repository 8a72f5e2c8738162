package milter

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Listen opens a socket by the names that mail servers and filters use for them:
// inet:PORT@HOST, inet6:PORT@HOST, unix:PATH, local:PATH, and HOST:PORT or /PATH alone.
// A Unix socket gets the mode (0: 0660), and the group by name or number where that is not "". One that
// nobody listens at any more is replaced; anything else at the path is left alone and an error.
func Listen(name string, mode fs.FileMode, group string) (net.Listener, error) {
	network, address, err := ParseAddress(name)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		return listenUnix(address, mode, group)
	}
	return net.Listen(network, address)
}

// ParseAddress reads a name that Listen takes: network is tcp, tcp4, tcp6 or unix.
func ParseAddress(name string) (network, address string, err error) {
	kind, rest, ok := strings.Cut(name, ":")
	switch {
	case ok && (kind == "unix" || kind == "local") && rest != "":
		return "unix", rest, nil
	case strings.HasPrefix(name, "/"):
		return "unix", name, nil
	case ok && (kind == "inet" || kind == "inet6"):
		port, host, at := strings.Cut(rest, "@")
		if !at { // Postfix writes inet:HOST:PORT
			if h, p, err := net.SplitHostPort(rest); err == nil {
				host, port = h, p
			} else {
				host = "127.0.0.1"
				if kind == "inet6" {
					host = "::1"
				}
			}
		}
		if n, err := strconv.ParseUint(port, 10, 16); err == nil {
			network = map[string]string{"inet": "tcp", "inet6": "tcp6"}[kind]
			return network, net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(int(n))), nil
		}
	default:
		if host, port, err := net.SplitHostPort(name); err == nil {
			if _, err := strconv.ParseUint(port, 10, 16); err == nil {
				return "tcp", net.JoinHostPort(host, port), nil
			}
		}
	}
	return "", "", fmt.Errorf("%q is no socket: write inet:PORT@HOST, unix:PATH or HOST:PORT", name)
}

// unixListener removes its file when it is closed, if it is still its own.
type unixListener struct {
	*net.UnixListener
	path string
	file fs.FileInfo
}

// Close stops listening.
func (l *unixListener) Close() error {
	if now, err := os.Lstat(l.path); err == nil && os.SameFile(now, l.file) {
		_ = os.Remove(l.path)
	}
	return l.UnixListener.Close()
}

// Addr names the path that was asked for.
func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// listenUnix makes the socket under another name and moves it into place, so that it is never there
// with another mode or owner, and nobody is without one in between.
func listenUnix(path string, mode fs.FileMode, group string) (net.Listener, error) {
	if mode == 0 {
		mode = 0o660
	}
	if err := free(path); err != nil {
		return nil, err
	}
	made := path + "." + strconv.Itoa(os.Getpid())
	_ = os.Remove(made)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s: make it, such that the mail server can reach it and nobody else can write to it", filepath.Dir(path))
	}
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	file, err := prepareSocket(made, path, mode, group)
	if err != nil {
		_ = l.Close()
		_ = os.Remove(made)
		return nil, err
	}
	return &unixListener{l, path, file}, nil
}

func prepareSocket(made, path string, mode fs.FileMode, group string) (fs.FileInfo, error) {
	if group != "" {
		gid, err := groupID(group)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(made, -1, gid); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(made, mode.Perm()); err != nil {
		return nil, err
	}
	if err := os.Rename(made, path); err != nil {
		return nil, err
	}
	return os.Lstat(path)
}

// free reports whether a socket may be put at path.
func free(path string) error {
	now, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case now.Mode()&fs.ModeSocket == 0:
		return fmt.Errorf("%s exists and is no socket", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("another program listens at %s", path)
	}
	return nil
}

func groupID(group string) (int, error) {
	if n, err := strconv.ParseUint(group, 10, 31); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, fmt.Errorf("group of the socket: %w", err)
	}
	return strconv.Atoi(g.Gid)
}
