package filter

import (
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
)

// Key signs for a domain.
type Key struct {
	// Domain and Selector are d= and s=.
	Domain, Selector string
	Signer           crypto.Signer
}

// String names the key.
func (k Key) String() string { return "d=" + k.Domain + " s=" + k.Selector }

// Format is String, whatever the verb: the private key is never printed.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is String.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// NotSigned is why mail is not to be signed, though there may be keys.
type NotSigned struct {
	// Problem is the word that is noted, Text says why.
	Problem, Text string
	// Wanted: mail without a signature is what was asked for. It is accepted, and nothing is noted.
	Wanted bool
}

// Signers know the keys.
type Signers interface {
	// For gives the keys that sign mail whose From has this local part and domain (A-labels, lower case). None, without
	// an error, is none to be had; an error is that they cannot be had now.
	For(local, domain string) ([]Key, error)
}

// FileKeys are keys from files. Several keys of one domain sign together.
type FileKeys struct {
	exact map[string][]Key
	below map[string][]Key // by the parent domain
}

// For gives the keys of the domain, else those of the nearest domain above that signs for what is below it.
func (k *FileKeys) For(_, domain string) ([]Key, error) {
	if keys, ok := k.exact[domain]; ok {
		return keys, nil
	}
	for {
		_, parent, ok := strings.Cut(domain, ".")
		if !ok {
			return nil, nil
		}
		if keys, ok := k.below[parent]; ok {
			return keys, nil
		}
		domain = parent
	}
}

// Domains are those that sign, sorted; "*.example.com" for what is below one.
func (k *FileKeys) Domains() []string {
	var out []string
	for d := range k.exact {
		out = append(out, d)
	}
	for d := range k.below {
		out = append(out, "*."+d)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(strings.TrimPrefix(a, "*."), strings.TrimPrefix(b, "*.")) })
	return out
}

// ErrKeyReadable: a key file that everybody on the machine can read.
var ErrKeyReadable = said.Error("the key file can be read by everybody on this machine: chmod 0600, or 0640 with the group of Todoku",
	"このマシンの誰もが読み取れる鍵ファイルです。chmod 0600、または Todoku のグループにして chmod 0640 としてください")

// LoadKeys reads keys given as DOMAIN:SELECTOR:FILE. With "*." before the domain a key signs for all domains
// below it, with d= the domain: DMARC's relaxed alignment is content with that.
func LoadKeys(specs []string) (*FileKeys, error) {
	k := &FileKeys{exact: map[string][]Key{}, below: map[string][]Key{}}
	for _, spec := range specs {
		name, file, below, err := parseKeySpec(spec)
		if err != nil {
			return nil, err
		}
		into := k.exact
		if below {
			into = k.below
		}
		for _, other := range into[name.Domain] {
			if other.Selector == name.Selector { // one record cannot show two keys (RFC 6376 section 3.6.2.2)
				return nil, said.Error("key %q: there is another key of %s with the selector %s, and one record shows one key", "鍵 %q: %s のセレクター %s の鍵はすでに指定されています。1 つのレコードで公開できる鍵は 1 つです", spec, name.Domain, name.Selector)
			}
		}
		key, err := readKey(file)
		if err != nil {
			return nil, said.Error("key of %s: %w", "%s の鍵: %v", name.Domain, err)
		}
		if _, err := dkim.RecordFor(key.Public()); err != nil {
			return nil, said.Error("key of %s in %s: %w", "%[1]s の鍵 (%[2]s): 署名に使えない鍵です。RSA 鍵は 1024 から 4096 ビット (推奨 2048 ビット) で作ってください", name.Domain, file, err)
		}
		name.Signer = key
		into[name.Domain] = append(into[name.Domain], name)
	}
	return k, nil
}

// parseKeySpec reads DOMAIN:SELECTOR:FILE. What could never sign is an error now, not a warning with each message.
func parseKeySpec(spec string) (k Key, file string, below bool, err error) {
	domain, rest, ok := strings.Cut(spec, ":")
	selector, file, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || file == "" {
		return k, "", false, said.Error("key %q: write DOMAIN:SELECTOR:FILE", "鍵 %q: DOMAIN:SELECTOR:FILE の形で指定してください", spec)
	}
	domain, below = strings.CutPrefix(domain, "*.")
	if k.Domain, err = asciiDomain(domain); err != nil {
		return k, "", false, said.Error("key %q: %w", "鍵 %q: %v", spec, err)
	}
	if !strings.Contains(k.Domain, ".") {
		return k, "", false, said.Error("key %q: %s is no domain that can sign: it has no dot", "鍵 %q: %s はドットを含まないため、署名できるドメインではありません", spec, k.Domain)
	}
	if k.Selector, err = asciiDomain(selector); err != nil || !dns.ValidName(k.Selector+"._domainkey."+k.Domain) {
		return k, "", false, said.Error("key %q: %q is no selector", "鍵 %q: %q はセレクターではありません", spec, selector)
	}
	return k, file, below, nil
}

func readKey(file string) (crypto.Signer, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, said.Error("%s is no file with a key", "%s は鍵のファイルではありません", file)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 {
		return nil, &fs.PathError{Op: "read", Path: file, Err: ErrKeyReadable}
	}
	if info.Size() > 1<<20 {
		return nil, said.Error("%s is no key: %d octets", "%s は鍵のファイルとしては大きすぎます (%d オクテット)", file, info.Size())
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := dkim.ParsePrivateKey(pem)
	if err != nil {
		return nil, badKey(file, err)
	}
	return key, nil
}

// badKey is the error of [dkim.ParsePrivateKey] in both languages, with the name of the file.
func badKey(file string, err error) error {
	if errors.Is(err, dkim.ErrEncryptedKey) {
		return said.Error("%s: %w", "%[1]s: 秘密鍵がパスフレーズで暗号化されています。先に復号してください (openssl pkey -in KEY -out PLAIN)", file, err)
	}
	return said.Error("%s: %w", "%[1]s: PEM 形式の秘密鍵 (RSA または Ed25519) がありません", file, err)
}
