package reply

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/wire"
)

// Key signs our mail.
type Key struct {
	Domain, Selector string
	Signer           crypto.Signer
}

// LoadKey reads a private key (PEM, RSA or Ed25519) from a file. Where there is no file and
// generate is set it makes an RSA key of 2048 bits, in a new file that its owner alone can read; made tells.
func LoadKey(file, domain, selector string, generate bool) (k Key, made bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && generate {
		if data, err = newKey(file); err == nil {
			made = true
		}
	}
	if err != nil {
		return Key{}, false, fmt.Errorf("the DKIM key: %w", err)
	}
	signer, err := dkim.ParsePrivateKey(data)
	if err != nil {
		return Key{}, false, fmt.Errorf("the DKIM key %s: %w", file, err)
	}
	return Key{domain, selector, signer}, made, nil
}

// newKey writes a fresh key. Of two programs that make one at the same time, both use that of the first.
func newKey(file string) ([]byte, error) {
	signer, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		return nil, err
	}
	data, err := dkim.MarshalPrivateKey(signer)
	if err != nil {
		return nil, err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".dkim-*") // mode 0600
	if err != nil {
		return nil, err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Link(temporary.Name(), file) // never over a key that is there
	}
	if errors.Is(err, fs.ErrExist) {
		return os.ReadFile(file)
	}
	return data, err
}

// Record gives the name and the TXT data to publish for the key.
func (k Key) Record() (name, data string, err error) {
	data, err = dkim.RecordFor(k.Signer.Public())
	return k.Selector + "._domainkey." + k.Domain, data, err
}

// signed puts a signature by each key before a message.
func signed(msg []byte, keys []Key, now time.Time) ([]byte, error) {
	out := msg
	for _, k := range keys {
		field, err := dkim.Sign(bytes.NewReader(msg), dkim.SignOptions{
			Domain: k.Domain, Selector: k.Selector, Key: k.Signer, Header: wire.Relaxed, Body: wire.Relaxed, Timestamp: now,
		})
		if err != nil {
			return nil, fmt.Errorf("signing a reply: %w", err)
		}
		out = append(field, out...)
	}
	return out, nil
}
