package keys

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/store"
)

func master(t testing.TB, text string) *Master {
	t.Helper()
	m, err := ParseMaster([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseMaster(t *testing.T) {
	raw := bytes.Repeat([]byte{0xfb, 0xef}, 16)
	want := master(t, base64.StdEncoding.EncodeToString(raw)).ID()
	for _, text := range []string{
		hex.EncodeToString(raw), "# a comment\n\n " + base64.RawURLEncoding.EncodeToString(raw) + " \r\n", strings.ToUpper(hex.EncodeToString(raw)) + "\n" + NewMaster(),
	} {
		if got := master(t, text); got.ID() != want {
			t.Errorf("%q is another key", text)
		}
	}
	for _, text := range []string{"", "# nothing", "short", hex.EncodeToString(raw[:31]), NewMaster() + "x", strings.Repeat(NewMaster(), 17), strings.Repeat("\n", 20<<10)} {
		if _, err := ParseMaster([]byte(text)); err == nil {
			t.Errorf("%q is a master key", text)
		}
	}
}

func TestLoadMaster(t *testing.T) {
	dir := t.TempDir()
	text := NewMaster()
	want := master(t, text).ID()
	file := filepath.Join(dir, "m")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	load := func(file string) (string, error) {
		m, err := LoadMaster(file, func(k string) string { return env[k] })
		if err != nil {
			return "", err
		}
		return m.ID(), nil
	}
	if _, err := load(""); !errors.Is(err, ErrNoMaster) {
		t.Errorf("nothing given: %v", err)
	}
	if id, err := load(file); id != want {
		t.Errorf("the file: %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := load(file); err == nil || strings.Contains(err.Error(), strings.TrimSpace(text)) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := load(dir); err == nil {
		t.Error("a folder is a master key")
	}
	pipe := filepath.Join(dir, "pipe")
	if out, err := exec.Command("mkfifo", "-m", "600", pipe).CombinedOutput(); err != nil {
		t.Logf("without a pipe: %v %s", err, out)
	} else {
		said := make(chan error, 1)
		go func() { _, err := load(pipe); said <- err }()
		select {
		case err := <-said:
			if err == nil || !strings.Contains(err.Error(), "is not a file") {
				t.Errorf("a pipe: %v", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it waits for somebody who writes to a pipe")
		}
	}
	env["CREDENTIALS_DIRECTORY"] = dir
	if _, err := load(""); !errors.Is(err, ErrNoMaster) {
		t.Errorf("a folder without it: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, MasterCredential), []byte(text), 0o440); err != nil {
		t.Fatal(err)
	}
	if id, err := load(""); id != want {
		t.Errorf("the credential: %v", err)
	}
	env[MasterEnv] = NewMaster()
	if id, err := load(""); id == want || err != nil {
		t.Errorf("the environment goes before it: %v", err)
	}
}

func sealed(t testing.TB, m *Master) (store.DKIMKey, *rsa.PrivateKey) {
	t.Helper()
	private, err := dkim.GenerateKey("rsa", 1024)
	if err != nil {
		t.Fatal(err)
	}
	e := store.DKIMKey{ID: "k1", Domain: "example.com", Selector: "s1"}
	if err := m.seal(&e, private); err != nil {
		t.Fatal(err)
	}
	return e, private.(*rsa.PrivateKey)
}

func TestSeal(t *testing.T) {
	m := master(t, NewMaster())
	e, private := sealed(t, m)
	got, err := m.open(&e)
	if err != nil || !private.Equal(got) {
		t.Fatalf("it does not open: %v", err)
	}
	again := e
	if err := m.seal(&again, private); err != nil || bytes.Equal(again.Sealed, e.Sealed) {
		t.Errorf("sealed twice the same: %v", err)
	}
	for what, change := range map[string]func(*store.DKIMKey){
		"another entry":    func(k *store.DKIMKey) { k.ID = "k2" },
		"another domain":   func(k *store.DKIMKey) { k.Domain = "example.net" },
		"another selector": func(k *store.DKIMKey) { k.Selector = "s2" },
		"a changed octet":  func(k *store.DKIMKey) { k.Sealed = bytes.Clone(k.Sealed); k.Sealed[40] ^= 1 },
		"another version":  func(k *store.DKIMKey) { k.Sealed = bytes.Clone(k.Sealed); k.Sealed[0]++ },
		"cut short":        func(k *store.DKIMKey) { k.Sealed = k.Sealed[:10] },
		"nothing":          func(k *store.DKIMKey) { k.Sealed = nil },
	} {
		c := e
		if change(&c); true {
			if _, err := m.open(&c); !errors.Is(err, ErrSealed) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if _, err := master(t, NewMaster()).open(&e); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("another master key: %v", err)
	}
	if _, err := (*Master)(nil).open(&e); !errors.Is(err, ErrNoMaster) {
		t.Errorf("no master key: %v", err)
	}
	if err := (*Master)(nil).seal(&e, private); !errors.Is(err, ErrNoMaster) {
		t.Errorf("no master key: %v", err)
	}
}

// TestNothingIsShown: neither a log, nor a format, nor JSON shows a secret.
func TestNothingIsShown(t *testing.T) {
	text := NewMaster()
	m := master(t, text)
	e, private := sealed(t, m)
	s := Signer{ID: e.ID, Domain: e.Domain, Selector: e.Selector, Algorithm: "rsa", Key: private}
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "signer", s, "master", m, "list", []Signer{s})
	fmt.Fprintf(&out, "%v %+v %#v %s %x %d %v %v\n", s, s, s, s, s, s, m, []any{m, s, []Signer{s}, struct{ M *Master }{m}})
	fmt.Fprintf(&out, "%+v %#v %x\n", m, m, m)
	b, err := json.Marshal(map[string]any{"s": s, "m": m})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(b)
	raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	for _, secret := range []string{strings.TrimSpace(text), fmt.Sprint(raw)[1:20], hex.EncodeToString(raw), private.D.String(), private.Primes[0].String(), fmt.Sprintf("%x", private.D)} {
		if strings.Contains(out.String(), secret) {
			t.Fatalf("a secret is shown: %s", out.String())
		}
	}
	if !strings.Contains(out.String(), "s1._domainkey.example.com") {
		t.Error(out.String())
	}
}

// TestReseal: with a new master key in front of the old one, every private key is encrypted anew; then the old one is of no use.
func TestReseal(t *testing.T) {
	w := newWorld(t, 1, 0)
	first := w.create("ed25519")
	w.create("rsa")
	old, next := NewMaster(), NewMaster()
	_ = old
	both := &Master{keys: append(master(t, next).keys, w.master.keys...)}
	k := New(Config{Store: w.store, Master: both, Now: w.clock})
	if n, err := k.Reseal(ctx); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := k.Reseal(ctx); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	e, err := w.store.Key(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := master(t, next).open(&e); err != nil {
		t.Errorf("the new master key: %v", err)
	}
	if _, err := w.master.open(&e); !errors.Is(err, ErrWrongMaster) {
		t.Errorf("the old master key: %v", err)
	}
	if n, err := New(Config{Store: w.store, Master: w.master}).Reseal(ctx); n != 0 || !errors.Is(err, ErrWrongMaster) {
		t.Errorf("back without the new one: %d, %v", n, err)
	}
}
