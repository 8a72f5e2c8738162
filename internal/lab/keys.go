package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Keys are what the lab's own certificates are made of: an authority, and one key of all
// receivers, which stays the same because TLSA records name it. A third one signs the zone.
type Keys struct {
	Authority *x509.Certificate
	signer    crypto.Signer
	host      crypto.Signer
	zone      crypto.Signer
}

// The files of the keys.
const (
	authorityFile = "lab-ca.pem"
	keysFile      = "lab-keys.pem" // mode 0600
)

// LoadKeys reads the keys of a lab from a folder, and makes them where there are none.
func LoadKeys(folder string) (*Keys, error) {
	k, err := readKeys(folder)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k, err = NewKeys(); err != nil {
		return nil, err
	}
	if err = os.MkdirAll(folder, 0o700); err == nil {
		err = k.write(folder)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the keys of the lab: %w", err)
	}
	return readKeys(folder) // another program may have been quicker
}

func readKeys(folder string) (*Keys, error) {
	data, err := os.ReadFile(filepath.Join(folder, keysFile))
	if err != nil {
		return nil, fmt.Errorf("reading the keys of the lab: %w", err)
	}
	k := &Keys{}
	for _, to := range []*crypto.Signer{&k.signer, &k.host, &k.zone} {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, fmt.Errorf("reading the keys of the lab: %s does not hold three keys", keysFile)
		}
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading the keys of the lab: %w", err)
		}
		*to, _ = key.(crypto.Signer)
		data = rest
	}
	block, _ := pem.Decode(data)
	if block == nil || k.signer == nil || k.host == nil || k.zone == nil {
		return nil, fmt.Errorf("reading the keys of the lab: %s holds no certificate after the keys", keysFile)
	}
	if k.Authority, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, fmt.Errorf("reading the keys of the lab: %w", err)
	}
	return k, nil
}

// NewKeys makes keys.
func NewKeys() (*Keys, error) {
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	host, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	zone, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	k := &Keys{signer: signer, host: host, zone: zone}
	now := time.Now()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Todoku outbound lab, not to be trusted elsewhere"}, NotBefore: now.AddDate(-2, 0, 0), NotAfter: now.AddDate(20, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, MaxPathLenZero: true,
	}
	k.Authority, err = sign(template, template, signer.Public(), signer)
	return k, err
}

// write keeps the keys in one file, which appears whole or not at all, and the authority's
// certificate in one that others may read.
func (k *Keys) write(folder string) error {
	var all, public strings.Builder
	for _, key := range []crypto.Signer{k.signer, k.host, k.zone} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		_ = pem.Encode(&all, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	}
	_ = pem.Encode(&public, &pem.Block{Type: "CERTIFICATE", Bytes: k.Authority.Raw})
	all.WriteString(public.String())
	f, err := os.CreateTemp(folder, ".lab-keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(all.String())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(folder, keysFile)); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return os.WriteFile(filepath.Join(folder, authorityFile), []byte(public.String()), 0o644)
}

// AuthorityPEM is the certificate of the authority, for whoever wants to trust it in a test.
func (k *Keys) AuthorityPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Authority.Raw}))
}

func sign(template, parent *x509.Certificate, key crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// issue makes a certificate for names, valid until a time.
func (k *Keys) issue(until time.Time, names ...string) (*tls.Certificate, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: until.AddDate(-1, 0, 0), NotAfter: until, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	cert, err := sign(template, k.Authority, k.host.Public(), k.signer)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{cert.Raw, k.Authority.Raw}, PrivateKey: k.host, Leaf: cert}, nil
}
