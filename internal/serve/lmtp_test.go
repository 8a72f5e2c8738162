package serve

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestListenLMTP(t *testing.T) {
	if l, err := listenLMTP(""); l != nil || err != nil {
		t.Errorf("no address: %v %v", l, err)
	}
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:2424", "example.com:24", "127.0.0.1", "unix:/nonexistent/lmtp"} {
		if l, err := listenLMTP(addr); err == nil {
			l.Close()
			t.Errorf("%s is opened", addr)
		}
	}
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		l, err := listenLMTP(addr)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	path := filepath.Join(t.TempDir(), "lmtp")
	l, err := listenLMTP("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v %v", info, err)
	}
	if again, err := listenLMTP("unix:" + path); err == nil {
		again.Close()
		t.Error("a socket in use is taken over")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close() // as a program that was killed leaves it
	if l, err = listenLMTP("unix:" + path); err != nil {
		t.Fatalf("a socket left behind: %v", err)
	}
	l.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := listenLMTP("unix:" + file); err == nil {
		l.Close()
		t.Error("a file is taken for a socket")
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "keep" {
		t.Errorf("the file is gone: %q %v", b, err)
	}
}
