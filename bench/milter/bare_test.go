package milter

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/milter"
)

// The environment of a process of this test that is a bare milter: where it listens, and the key and how often it signs.
const (
	bareSocket = "BENCH_BARE_SOCKET"
	bareKey    = "BENCH_BARE_KEY"
)

// bare starts a milter that asks for no reply and does so many RSA operations at the end of each message, and nothing else.
func bare(b *testing.B, network string, operations int) *process {
	return start(b, "bare"+strconv.Itoa(operations)+network, network, func(socket string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), bareSocket+"="+socket, bareKey+"="+strconv.Itoa(operations)+":"+filepath.Join(world.dir, "rsa.pem"))
		return cmd
	})
}

// serveBare is that milter.
func serveBare(socket, key string) error {
	times, file, _ := strings.Cut(key, ":")
	n, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	signer, err := dkim.ParsePrivateKey(text)
	if err != nil {
		return err
	}
	l, err := milter.Listen(socket, 0o600, "")
	if err != nil {
		return err
	}
	server := &milter.Server{Handler: func(*milter.Conn) milter.Session { return operations{n: n, key: signer} }}
	return server.Serve(context.Background(), l, time.Second)
}

// operations is a milter that signs a hash of nothing in particular.
type operations struct {
	null
	n   int
	key crypto.Signer
}

func (o operations) Mail(milter.Path) (milter.Transaction, milter.Reply) { return o, milter.Continue }

func (o operations) EndOfMessage(context.Context, *milter.Changes) milter.Reply {
	hash := sha256.Sum256([]byte("x"))
	for range o.n {
		if _, err := o.key.Sign(rand.Reader, hash[:], crypto.SHA256); err != nil {
			return milter.TempFail
		}
	}
	return milter.Accept
}
