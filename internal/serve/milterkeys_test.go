package serve

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/filter"
)

// TestMilterWarnsOfKeys: that nobody can verify, at the start and when settings are read again; mail does not wait for it.
func TestMilterWarnsOfKeys(t *testing.T) {
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	reload, ready, log := make(chan struct{}), make(chan []net.Addr, 1), &lines{seen: make(chan string, 100)}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- RunMilter(ctx, MilterConfig{
			Listen: []string{"inet:0@127.0.0.1"}, Reload: reload, Ready: func(a []net.Addr) { ready <- a }, Grace: time.Second, Log: slog.New(slog.NewTextHandler(log, nil)),
			Settings: func() (*filter.Settings, error) {
				signers, err := filter.LoadKeys([]string{"ours.example:s1:" + file})
				return &filter.Settings{AuthServID: "mx.example", Resolver: dns.MustMemory(dns.Zone{"ours.example": {"A 192.0.2.1"}}), Signers: signers}, err
			},
		})
	}()
	<-ready
	const want = `level=WARN msg="signatures by this key cannot be verified; publish its record, or name the right file" key="d=ours.example s=s1" problem="there is no key: the name s1._domainkey.ours.example does not exist`
	log.wait(t, want)
	reload <- struct{}{}
	log.wait(t, want)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
