package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// Found is what a configuration of another program holds.
type Found struct {
	Keys []FoundKey
	// OfAuthor are keys that sign by the domain of whoever writes, which no configuration names: their Domain is empty.
	OfAuthor []FoundKey
	// Settings are its other settings by lower-case name, as they are written.
	Settings map[string]string
	// Notes say what could not be taken over, and why.
	Notes []said.Text
	// Denied is the error of the first file of a key that this user may not read, nil for none. It is noted, too.
	Denied error

	more     bool // keys than maxFound, which is noted
	included int  // files
}

// FoundKey is a private key and whose mail it signs.
type FoundKey struct {
	Domain, Selector string
	Key              crypto.Signer
	File             string // where it was
	Patterns         []store.DKIMPattern
}

// String names the key.
func (k FoundKey) String() string { return k.Selector + "._domainkey." + k.Domain }

// Format is String, whatever the verb: the private key is never printed.
func (k FoundKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String.
func (k FoundKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String.
func (k FoundKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// maxFound bounds the keys of one configuration, maxFile the octets of each of its files.
const (
	maxFound = 100_000
	maxFile  = 64 << 20
	maxKey   = 64 << 10
)

func (f *Found) note(en, ja string, args ...any) {
	f.Notes = append(f.Notes, said.New(en, ja, args...))
}

// full reports that no more keys are taken, and says so once.
func (f *Found) full() bool {
	if len(f.Keys)+len(f.OfAuthor) < maxFound {
		return false
	}
	if !f.more {
		f.note("there are more than %d keys: the others are not taken over", "鍵が %d 個を超えています。残りは引き継ぎません", maxFound)
	}
	f.more = true
	return true
}

// readKey reads a private key in PEM. The error holds nothing of it.
func readKey(read func(string) ([]byte, error), file string) (crypto.Signer, error) {
	pem, err := read(file)
	if err != nil {
		return nil, err
	}
	defer clear(pem)
	if len(pem) > maxKey {
		return nil, said.Error("%s is too long for a key", "%s: 鍵のファイルとしては大きすぎます", file)
	}
	key, err := dkim.ParsePrivateKey(pem)
	if err != nil {
		return nil, KeyError(file, err)
	}
	return key, nil
}

// KeyError is the error of [dkim.ParsePrivateKey] in both languages, with the name of the file.
func KeyError(file string, err error) error {
	if errors.Is(err, dkim.ErrEncryptedKey) {
		return said.Error("%[1]s: %[2]v", "%[1]s: 秘密鍵がパスフレーズで暗号化されています。先に復号してください (openssl pkey -in KEY -out PLAIN)", file, err)
	}
	return said.Error("%[1]s: %[2]v", "%[1]s: PEM 形式の秘密鍵として読み取れません", file, err)
}

// Import keeps a key of another program. Where every name server shows its record it signs at once: it did so before; else
// it waits as a new one does. shows reports which. Errors wrap ErrSpec, store.ErrExists,
// ErrNoMaster, ErrWrongMaster.
func (k *Keeper) Import(ctx context.Context, f FoundKey) (e store.DKIMKey, shows bool, err error) {
	e = store.DKIMKey{Domain: f.Domain, Selector: f.Selector, State: store.KeyPrepared}
	if e.Record, err = dkim.RecordFor(f.Key.Public()); err != nil {
		return e, false, unfit(err)
	}
	if _, err := domainName(f.Domain); err != nil {
		return e, false, err
	}
	if f.Selector == "" || !hostLike(f.Selector) || !dns.ValidName(f.Selector) {
		return e, false, said.Error("%w: the selector %q is not letters, digits and hyphens, 63 at most between dots", "%v: セレクター %q は英数字とハイフン (ドットの間は 63 文字以内) ではありません", ErrSpec, clip(f.Selector))
	}
	patterns := f.Patterns
	if patterns == nil {
		if patterns, err = positioned([]string{f.Domain}, 0); err != nil {
			return e, false, err
		}
	}
	e.Selector = strings.ToLower(e.Selector)
	if err := k.mayKeep(ctx); err != nil {
		return e, false, err
	}
	o := k.observe(ctx, recordName(&e), e.Record)
	now, note := k.cfg.Now(), Note{Problem: o.Detail, Observation: o}
	if shows = o.Shown(); shows {
		e.State, e.Seen, e.TTL = store.KeySigning, now, max(o.TTL, o.Record)
	} else {
		e.TTL, note.Waits = o.TTL, WaitsServers
	}
	if len(o.Texts) > 0 { // the program before signed with it
		e.Signing = now
	}
	note.At = now.UTC()
	note.keep(&e)
	e, err = k.add(ctx, f.Key, e, patterns)
	return e, shows, err
}
