package keys

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// Where a master key is looked for, beside a file that is named.
const (
	// MasterEnv is the variable of the environment that may hold it.
	MasterEnv = "TODOKU_MASTER_KEY"
	// MasterCredential is its name as a systemd credential (LoadCredential=todoku-master-key:FILE).
	MasterCredential = "todoku-master-key"

	masterSize = 32
	maxMasters = 16
	// sealedBy is the first octet of a sealed key: AES-256-GCM under a key of its own, by HKDF-SHA256.
	sealedBy = 1
)

var (
	// ErrNoMaster: there is no master key, so that no private key can be kept or read.
	ErrNoMaster = said.Error("no master key: make one with `todoku keys master FILE` and name it with --master-key-file, or give it in %s or as the systemd credential %s",
		"マスター鍵がありません。`todoku keys master FILE` で作成し、--master-key-file、環境変数 %s、systemd のクレデンシャル %s のいずれかで指定してください", MasterEnv, MasterCredential)
	// ErrWrongMaster: none of the master keys is the one that the private key is encrypted with.
	ErrWrongMaster = said.Error("the private key is encrypted with another master key than the one given: give that one, or put it on a line behind the new one",
		"秘密鍵は、指定されたものとは別のマスター鍵で暗号化されています。そのマスター鍵を指定するか、新しい鍵の次の行に加えてください")
	// ErrSealed: the encrypted private key was changed, or belongs to another entry.
	ErrSealed = errors.New("the encrypted private key is damaged, or not that of this entry")
)

// Master are the master keys: the first encrypts, all decrypt. It shows them to nobody.
type Master struct{ keys []masterKey }

type masterKey struct {
	id     string
	secret []byte
}

// NewMaster makes a master key, as the text of its file.
func NewMaster() string {
	b := make([]byte, masterSize)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(b) + "\n"
}

// ParseMaster reads master keys of 32 octets, in base64 or hexadecimal digits, one a line; the first is the present one, others
// are former ones. Lines that begin with # are passed over. The error holds nothing of what was read.
func ParseMaster(text []byte) (*Master, error) {
	if len(text) > 16<<10 {
		return nil, said.Error("the master key: more than 16 KiB", "マスター鍵が 16 KiB を超えています")
	}
	var m Master
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		s := strings.TrimSpace(string(line))
		if s == "" || s[0] == '#' {
			continue
		}
		secret, err := hex.DecodeString(s)
		if err != nil || len(secret) != masterSize {
			secret, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(s), "="))
		}
		if err != nil || len(secret) != masterSize || len(m.keys) == maxMasters {
			return nil, said.Error("the master key: each line holds 32 octets in base64 or hexadecimal digits, %d lines at most (make one with `todoku keys master FILE`)", "マスター鍵は 1 行に 1 つ、32 オクテットを base64 か 16 進数で書きます (%d 行まで。`todoku keys master FILE` で作成できます)", maxMasters)
		}
		id, err := hkdf.Key(sha256.New, secret, nil, "todoku master key id", 8)
		if err != nil {
			return nil, fmt.Errorf("the master key: %w", err)
		}
		m.keys = append(m.keys, masterKey{hex.EncodeToString(id), secret})
	}
	if len(m.keys) == 0 {
		return nil, said.Error("the master key: there is none in it", "マスター鍵が書かれていません")
	}
	return &m, nil
}

// LoadMaster reads the master key from a file that only its owner may read, else (file is "") from the environment, else from the
// credentials that systemd gave. ErrNoMaster.
func LoadMaster(file string, getenv func(string) string) (*Master, error) {
	switch folder := getenv("CREDENTIALS_DIRECTORY"); {
	case file != "":
		return readMaster(file, true)
	case getenv(MasterEnv) != "":
		return ParseMaster([]byte(getenv(MasterEnv)))
	case folder != "":
		m, err := readMaster(filepath.Join(folder, MasterCredential), false) // systemd guards it, in ways that the mode does not show
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		return m, err
	}
	return nil, ErrNoMaster
}

func notFile(file string) error {
	return said.Error("the master key: %s is not a file", "マスター鍵: %s はファイルではありません", file)
}

func readMaster(file string, guarded bool) (*Master, error) {
	if info, err := os.Stat(file); guarded && err == nil && !info.Mode().IsRegular() { // to open a pipe would wait for somebody who writes to it
		return nil, notFile(file)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	if guarded && !info.Mode().IsRegular() {
		return nil, notFile(file)
	}
	if guarded && info.Mode().Perm()&0o077 != 0 {
		return nil, said.Error("the master key: %[1]s may be read by others (mode %04[2]o): chmod 600 %[1]s", "マスター鍵: %[1]s を所有者以外も読めます (モード %04[2]o): chmod 600 %[1]s", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 32<<10))
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	return ParseMaster(text)
}

// ID names the present master key and says nothing about it.
func (m *Master) ID() string { return m.keys[0].id }

// String names the master key.
func (m *Master) String() string { return "master key " + m.ID() }

// GoString is String.
func (m *Master) GoString() string { return m.String() }

// Format is String, whatever the verb.
func (m *Master) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue is String.
func (m *Master) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalText is String.
func (m *Master) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// bound is what a sealed key is bound to: moved to another entry it does not open.
func bound(k *store.DKIMKey) []byte {
	return []byte("todoku dkim key\x00" + k.ID + "\x00" + k.Domain + "\x00" + k.Selector)
}

func (m masterKey) aead(k *store.DKIMKey) (cipher.AEAD, error) {
	own, err := hkdf.Key(sha256.New, m.secret, nil, "todoku dkim key "+k.ID, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts a private key into the entry, whose ID must be set.
func (m *Master) seal(k *store.DKIMKey, private crypto.Signer) error {
	if m == nil {
		return ErrNoMaster
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("encoding the private key: %w", err)
	}
	defer clear(der)
	return m.sealDER(k, der)
}

func (m *Master) sealDER(k *store.DKIMKey, der []byte) error {
	a, err := m.keys[0].aead(k)
	if err != nil {
		return fmt.Errorf("encrypting the private key: %w", err)
	}
	k.Sealed, k.Master = a.Seal([]byte{sealedBy}, nil, der, bound(k)), m.keys[0].id
	return nil
}

// unseal decrypts the private key of an entry. ErrWrongMaster, ErrSealed, ErrNoMaster.
func (m *Master) unseal(k *store.DKIMKey) ([]byte, error) {
	if m == nil {
		return nil, ErrNoMaster
	}
	for _, key := range m.keys {
		if key.id != k.Master {
			continue
		}
		if len(k.Sealed) == 0 || k.Sealed[0] != sealedBy {
			return nil, ErrSealed
		}
		a, err := key.aead(k)
		if err != nil {
			return nil, fmt.Errorf("decrypting the private key: %w", err)
		}
		der, err := a.Open(nil, nil, k.Sealed[1:], bound(k))
		if err != nil {
			return nil, ErrSealed
		}
		return der, nil
	}
	return nil, said.Error("%w (%s; given is %s)", "%v (%s。指定されたのは %s)", ErrWrongMaster, k.Master, m.ID())
}

// open gives the private key of an entry.
func (m *Master) open(k *store.DKIMKey) (crypto.Signer, error) {
	der, err := m.unseal(k)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, ErrSealed // the parser's own words might hold a piece of it
	}
	switch private := private.(type) {
	case *rsa.PrivateKey:
		return private, nil
	case ed25519.PrivateKey:
		return private, nil
	}
	return nil, ErrSealed
}

// Reseal encrypts every private key that a former master key encrypted with the present one, and says how many.
func (k *Keeper) Reseal(ctx context.Context) (n int, err error) {
	if k.cfg.Master == nil {
		return 0, ErrNoMaster
	}
	list, err := k.cfg.Store.Keys(ctx, "", false)
	if err != nil {
		return 0, err
	}
	var failed []error
	for i := range list {
		e := &list[i]
		if len(e.Sealed) == 0 || e.Master == k.cfg.Master.ID() {
			continue
		}
		der, err := k.cfg.Master.unseal(e)
		if err == nil {
			err = k.cfg.Master.sealDER(e, der)
			clear(der)
		}
		if err == nil {
			err = k.cfg.Store.UpdateKeys(ctx, e)
		}
		if errors.Is(err, store.ErrConflict) {
			continue // somebody else is at it: the next time
		}
		if err != nil {
			failed = append(failed, said.Error("%s: %w", "%s: %v", recordName(e), err))
			continue
		}
		n++
	}
	return n, failures(failed)
}
