package publish

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	miekg "github.com/miekg/dns"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/pattern"
)

// TSIG is a key that signs updates (RFC 8945). It shows its secret to nobody.
type TSIG struct {
	Name      string // of the key, as the server knows it, no final dot
	Algorithm string // "hmac-sha256" ...
	secret    string // base64
}

// algorithms are those that the DNS library signs with. HMAC-MD5 is left out (RFC 8945 section 6).
var algorithms = map[string]string{
	"hmac-sha1": miekg.HmacSHA1, "hmac-sha224": miekg.HmacSHA224, "hmac-sha256": miekg.HmacSHA256,
	"hmac-sha384": miekg.HmacSHA384, "hmac-sha512": miekg.HmacSHA512,
}

var (
	comments  = pattern.New(`(?s)/\*.*?\*/|//[^\n]*|#[^\n]*`)
	keyClause = pattern.New(`(?s)^\s*key\s+"?([^\s"{;]+)"?\s*\{(.*?)\}\s*;?\s*$`)
	statement = pattern.New(`(?s)^\s*(algorithm|secret)\s+"?([^\s";]+)"?\s*$`)
)

// ParseTSIG reads a key as tsig-keygen and BIND's configuration write it, `key "name" { algorithm hmac-sha256; secret "..."; };`, or
// as kdig and nsupdate -y take it, "hmac-sha256:name:secret". The error holds nothing of the secret.
func ParseTSIG(file string) (*TSIG, error) {
	if len(file) > 16<<10 {
		return nil, errors.New("publish: the file of the TSIG key is longer than 16 KiB")
	}
	text := strings.TrimSpace(comments.ReplaceAllString(file, " "))
	var k TSIG
	if m := keyClause.FindStringSubmatch(text); m != nil {
		k.Name = m[1]
		for part := range strings.SplitSeq(m[2], ";") {
			if s := statement.FindStringSubmatch(part); s != nil && s[1] == "secret" {
				k.secret = s[2]
			} else if s != nil {
				k.Algorithm = s[2]
			}
		}
	} else if parts := strings.Split(text, ":"); len(parts) == 3 {
		k.Algorithm, k.Name, k.secret = parts[0], parts[1], parts[2]
	} else {
		return nil, errors.New(`publish: the TSIG key is neither key "name" { algorithm hmac-sha256; secret "..."; }; nor hmac-sha256:name:secret`)
	}
	k.Name, k.Algorithm = dns.CanonicalName(k.Name), strings.TrimSuffix(strings.ToLower(k.Algorithm), ".")
	if algorithms[k.Algorithm] == "" {
		return nil, fmt.Errorf("publish: the algorithm %q of the TSIG key is not hmac-sha256, -sha512, -sha384, -sha224 or -sha1", k.Algorithm)
	}
	if !dns.ValidName(k.Name) || k.Name == "" {
		return nil, errors.New("publish: the name of the TSIG key is no name")
	}
	if raw, err := base64.StdEncoding.DecodeString(k.secret); err != nil || len(raw) < 8 {
		return nil, errors.New("publish: the secret of the TSIG key is not base64, or too short")
	}
	return &k, nil
}

// String names the key, without its secret.
func (k *TSIG) String() string { return k.Algorithm + ":" + k.Name + ":(secret)" }

// GoString is String.
func (k *TSIG) GoString() string { return k.String() }

// Format is String, whatever the verb.
func (k *TSIG) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String.
func (k *TSIG) LogValue() slog.Value { return slog.StringValue(k.String()) }
