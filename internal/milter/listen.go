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
	"syscall"
	"time"

	"github.com/todoku/todoku/internal/said"
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
	if err != nil {
		return nil, badPath(path, err)
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

// badPath says why there can be no socket at a path, where the system's word for it would not tell.
func badPath(path string, err error) error {
	folder := filepath.Dir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return said.Error("there is no folder %s: make it, such that the mail server can reach it and nobody else can write to it",
			"フォルダー %s がありません。メールサーバーからアクセスでき、ほかの誰も書き込めないように作成してください", folder)
	case errors.Is(err, fs.ErrPermission):
		return said.Error("this user may not make a socket in %s: have the folder belong to the user as whom this program runs",
			"この利用者には %s にソケットを作る権限がありません。フォルダーの所有者を、このプログラムを動かす利用者にしてください", folder)
	case errors.Is(err, syscall.EINVAL):
		return said.Error("the path has %d octets, more than a socket can have: name one of at most 90",
			"パスが %d オクテットあり、ソケットには長すぎます。90 オクテット以内にしてください", len(path))
	}
	return err
}

func prepareSocket(made, path string, mode fs.FileMode, group string) (fs.FileInfo, error) {
	if group != "" {
		gid, err := groupID(group)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(made, -1, gid); errors.Is(err, fs.ErrPermission) {
			return nil, said.Error("this user may not give the socket to the group %[1]s: put the user into that group (in a unit of systemd: SupplementaryGroups=%[1]s)",
				"この利用者はソケットのグループを %[1]s に変更できません。利用者をそのグループに加えてください (systemd のユニットでは SupplementaryGroups=%[1]s)", group)
		} else if err != nil {
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
		return said.Error("%s exists and is no socket", "%s はすでにあり、ソケットではありません", path)
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
		return said.Error("another program listens at %s", "%s は別のプログラムが使っています", path)
	}
	return nil
}

func groupID(group string) (int, error) {
	if n, err := strconv.ParseUint(group, 10, 31); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return 0, said.Error("there is no group %s", "グループ %s がありません", group)
	}
	return strconv.Atoi(g.Gid)
}
