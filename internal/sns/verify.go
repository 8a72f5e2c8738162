package sns

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // version 1 of the signatures
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of what is fetched and kept.
const (
	maxCert      = 64 << 10
	maxCerts     = 16
	keepCert     = 24 * time.Hour
	keepFailure  = time.Minute
	fetchWindow  = time.Minute
	maxFetches   = 20 // in a window, of all that is asked for
	maxSignature = 4 << 10
)

// Doer sends one request: an *fetch.Client.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Config of a Verifier.
type Config struct {
	// Topics are the ARNs of the topics that are listened to.
	Topics []string
	// Client fetches certificates and confirms subscriptions, through a guard: it checks the server's certificate, and bounds time.
	Client Doer
	Now    func() time.Time
}

// Verifier tells messages of SNS from others. Safe for concurrent use.
type Verifier struct {
	Config
	mu      sync.Mutex
	certs   map[string]*certificate
	began   time.Time // of the window
	fetches int
}

// certificate is one that was fetched, or is being.
type certificate struct {
	ready chan struct{}
	until time.Time
	leaf  *x509.Certificate
	err   error
}

// NewVerifier makes one. An error says which topic is none.
func NewVerifier(c Config) (*Verifier, error) {
	for _, t := range c.Topics {
		if !ValidTopic(t) {
			return nil, fmt.Errorf("%q is not the ARN of a topic: arn:aws:sns:REGION:ACCOUNT:NAME", t)
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{Config: c, certs: map[string]*certificate{}}, nil
}

// Verify says whether a message is from SNS, for us, and recent. The error is one of those of this package, or, where the certificate could not
// be fetched, another one: then it may be well later.
func (v *Verifier) Verify(ctx context.Context, m *Message) error {
	switch {
	case !slices.Contains(v.Topics, m.TopicArn):
		return ErrTopic
	case !m.inTime(v.Now()):
		return ErrTime
	}
	at, err := m.certURL()
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || len(m.Signature) > maxSignature {
		return ErrSignature
	}
	leaf, err := v.certificate(ctx, at)
	if err != nil {
		return err
	}
	return check(leaf, m, signature)
}

func check(leaf *x509.Certificate, m *Message, signature []byte) error {
	key, ok := leaf.PublicKey.(*rsa.PublicKey)
	if !ok {
		return ErrSignature
	}
	var err error
	switch m.SignatureVersion {
	case "1":
		sum := sha1.Sum(m.signed())
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256(m.signed())
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	default:
		return fmt.Errorf("%w: version %.10q", ErrSignature, m.SignatureVersion)
	}
	if err != nil {
		return ErrSignature
	}
	return nil
}

// errBusy: too many different certificates were asked for.
var errBusy = errors.New("too many certificates were asked for just now")

// certificate gives the one of a URL, which was checked. Who asks while it is fetched waits for it.
func (v *Verifier) certificate(ctx context.Context, at string) (*x509.Certificate, error) {
	now := v.Now()
	v.mu.Lock()
	c := v.certs[at]
	if c == nil || !c.until.IsZero() && !now.Before(c.until) {
		if err := v.mayFetch(now); err != nil {
			v.mu.Unlock()
			if c != nil && c.err == nil && now.Before(c.leaf.NotAfter) {
				return c.leaf, nil
			}
			return nil, err
		}
		c = &certificate{ready: make(chan struct{})}
		v.certs[at] = c
		v.mu.Unlock()
		leaf, err := v.fetch(context.WithoutCancel(ctx), at) // others wait for it, too; the client bounds its time
		v.mu.Lock()
		c.leaf, c.err, c.until = leaf, err, now.Add(keepFailure)
		if err == nil {
			c.until = now.Add(keepCert)
			if leaf.NotAfter.Before(c.until) {
				c.until = leaf.NotAfter
			}
		}
		close(c.ready)
	}
	v.mu.Unlock()
	select {
	case <-c.ready:
		return c.leaf, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// mayFetch makes room for one more, within bounds. Good ones stay: whoever knows the topic can name any number that are none.
func (v *Verifier) mayFetch(now time.Time) error {
	if now.Sub(v.began) >= fetchWindow || now.Before(v.began) {
		v.began, v.fetches = now, 0
	}
	if v.fetches >= maxFetches {
		return errBusy
	}
	v.fetches++
	for at, c := range v.certs {
		if len(v.certs) < maxCerts {
			break
		}
		if !c.until.IsZero() && (c.err != nil || !now.Before(c.leaf.NotAfter)) { // not one that is being fetched
			delete(v.certs, at)
		}
	}
	if len(v.certs) >= maxCerts {
		return errBusy
	}
	return nil
}

func (v *Verifier) fetch(ctx context.Context, at string) (*x509.Certificate, error) {
	b, err := v.get(ctx, at, maxCert)
	if err != nil {
		return nil, fmt.Errorf("fetching the certificate of Amazon SNS: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("%w: its certificate cannot be read", ErrSignature)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: its certificate cannot be read", ErrSignature)
	}
	now := v.Now()
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) || !ofSNS(leaf) {
		return nil, fmt.Errorf("%w: its certificate is not in force, or not of SNS", ErrSignature)
	}
	return leaf, nil
}

// ofSNS reports whether a certificate names SNS: sns.amazonaws.com, sns.us-east-1.amazonaws.com, sns-signing.eu-south-1.amazonaws.com. That it is
// Amazon's is known from the host that it was fetched from: chain and name of that server were verified.
func ofSNS(leaf *x509.Certificate) bool {
	return !leaf.IsCA && slices.ContainsFunc(append(slices.Clone(leaf.DNSNames), leaf.Subject.CommonName), func(name string) bool {
		name = strings.ToLower(name)
		return (strings.HasPrefix(name, "sns.") || strings.HasPrefix(name, "sns-")) && (strings.HasSuffix(name, ".amazonaws.com") || strings.HasSuffix(name, ".amazonaws.com.cn"))
	})
}

// get fetches a URL whose answer must be 200.
func (v *Verifier) get(ctx context.Context, at string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	resp, err := v.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("more than %d octets", most)
	}
	return b, nil
}

// Confirm confirms the subscription of a message that was verified.
func (v *Verifier) Confirm(ctx context.Context, m *Message) error {
	at, err := m.confirmURL()
	if err != nil {
		return err
	}
	if _, err := v.get(ctx, at, maxCert); err != nil {
		return fmt.Errorf("confirming the subscription: %w", err)
	}
	return nil
}
