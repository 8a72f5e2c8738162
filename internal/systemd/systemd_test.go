package systemd

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	for _, name := range []string{path, fmt.Sprintf("@todoku-test-%d", os.Getpid())} {
		l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		if err := Notify(func(string) string { return name }, Reloading, Ready); err != nil {
			t.Fatal(err)
		}
		l.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 100)
		n, err := l.Read(b)
		if got := string(b[:n]); err != nil || got != "RELOADING=1\nREADY=1" {
			t.Errorf("%q, %v", got, err)
		}
		l.Close()
	}
	if err := Notify(func(string) string { return "" }, Ready); err != nil {
		t.Errorf("without a manager: %v", err)
	}
	if err := Notify(func(string) string { return path + "-none" }, Ready); err == nil {
		t.Error("a manager that is not there took the news")
	}
}

// The test is its own service: it gets two sockets as a service manager gives them, and answers at one.
func TestListeners(t *testing.T) {
	if os.Getenv("TODOKU_SYSTEMD_TEST") != "" {
		child(t)
		return
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	f1, _ := tcp.(*net.TCPListener).File()
	f2, _ := unix.(*net.UnixListener).File()
	defer f1.Close()
	defer f2.Close()
	cmd := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0" -test.run '^TestListeners$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "TODOKU_SYSTEMD_TEST=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=web:milter")
	cmd.ExtraFiles = []*os.File{f1, f2}
	done := make(chan error, 1)
	var out []byte
	go func() {
		var err error
		out, err = cmd.CombinedOutput()
		done <- err
	}()
	c, err := net.Dial("unix", unix.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if werr := <-done; werr != nil || string(got) != "hello" {
		t.Fatalf("%q, %v, %v\n%s", got, err, werr, out)
	}
	if ls, err := Listeners(func(k string) string { return map[string]string{"LISTEN_PID": "1", "LISTEN_FDS": "1"}[k] }, ""); len(ls) != 0 || err != nil {
		t.Errorf("took the sockets of another process: %v, %v", ls, err)
	}
}

func child(t *testing.T) {
	if names := Names(os.Getenv); strings.Join(names, " ") != "web milter" {
		t.Fatalf("%q", names)
	}
	ls, err := Listeners(os.Getenv, "milter")
	if err != nil || len(ls) != 1 {
		t.Fatalf("%v, %v", ls, err)
	}
	c, err := ls[0].Accept()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "hello")
	c.Close()
	ls[0].Close() // must not remove the socket file, which belongs to the parent
}
