package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// MaxGeneratedBits is the largest RSA key made here: what every verifier has to
// accept (RFC 8301 section 3.2).
const MaxGeneratedBits = 4096

// GenerateKey makes a key: "rsa" with bits 1024..4096 (2048 is best: the record of a 4096-bit
// key is too long for some DNS panels), or "ed25519" (bits ignored).
func GenerateKey(algorithm string, bits int) (crypto.Signer, error) {
	switch algorithm {
	case keyRSA:
		if bits < MinRSABits || bits > MaxGeneratedBits {
			return nil, fmt.Errorf("dkim: an RSA key of %d bits cannot be made: choose %d to %d, best 2048", bits, MinRSABits, MaxGeneratedBits)
		}
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, fmt.Errorf("dkim: generate an RSA key: %w", err)
		}
		return key, nil
	case keyEd25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("dkim: generate an Ed25519 key: %w", err)
		}
		return key, nil
	}
	return nil, fmt.Errorf("dkim: the key type %q is not known: choose rsa or ed25519", algorithm)
}

// RecordFor gives the TXT data to publish for a public key, joined: RSA as
// SubjectPublicKeyInfo, Ed25519 bare (RFC 8463 section 4.2). An error means that
// no verifier would accept the key.
func RecordFor(pub crypto.PublicKey) (string, error) {
	if err := checkPublic(pub); err != nil {
		return "", err
	}
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			return "", fmt.Errorf("dkim: encode the public key: %w", err)
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
	default:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(pub.(ed25519.PublicKey)), nil
	}
}

// checkPublic refuses keys that verifiers refuse.
func checkPublic(pub crypto.PublicKey) error {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if bits := pub.N.BitLen(); bits < MinRSABits || bits > MaxRSABits {
			return fmt.Errorf("dkim: an RSA key of %d bits is not accepted by verifiers: use %d to %d, best 2048", bits, MinRSABits, MaxGeneratedBits)
		}
		return nil
	case ed25519.PublicKey:
		if len(pub) != ed25519.PublicKeySize {
			return fmt.Errorf("dkim: the Ed25519 key has %d octets, not %d", len(pub), ed25519.PublicKeySize)
		}
		return nil
	}
	return fmt.Errorf("dkim: a key of type %T cannot sign: use RSA or Ed25519", pub)
}

// Blocks of PEM that hold a key as it is, not encrypted.
const (
	pemPKCS1 = "RSA PRIVATE KEY"
	pemPKCS8 = "PRIVATE KEY"
)

// ErrEncryptedKey: the private key is there, but a passphrase keeps it.
var ErrEncryptedKey = errors.New("dkim: the private key is encrypted: decrypt it first (openssl pkey -in KEY -out PLAIN)")

// errNoKey: there is no block of PEM that holds a private key.
var errNoKey = errors.New("dkim: no private key in PEM was found")

// ParsePrivateKey reads PEM (PKCS#1, PKCS#8) RSA or Ed25519. Text and other blocks before the key are passed over; lines may be
// indented, and end in CRLF. The size of the key is judged where it is used. Errors hold nothing of what was read; ErrEncryptedKey.
func ParsePrivateKey(data []byte) (crypto.Signer, error) {
	key, err := parsePEM(data)
	if !errors.Is(err, errNoKey) {
		return key, err
	}
	if bytes.Contains(data, []byte(pemBegin)) {
		var tidy []byte
		for line := range bytes.Lines(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))) {
			tidy = append(append(tidy, bytes.TrimSpace(line)...), '\n')
		}
		defer clear(tidy)
		if key, err = parsePEM(tidy); !errors.Is(err, errNoKey) {
			return key, err
		}
	}
	return nil, fmt.Errorf("%w: %s", errNoKey, insteadOfKey(data))
}

const pemBegin = "-----BEGIN "

func parsePEM(data []byte) (crypto.Signer, error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil, errNoKey
		}
		data = rest
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, ErrEncryptedKey
		}
		switch block.Type {
		case pemPKCS1:
			key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("dkim: read the RSA private key: %w", err)
			}
			return key, nil
		case pemPKCS8:
			return parsePKCS8(block.Bytes)
		}
	}
}

// insteadOfKey says what is there where a private key should be.
func insteadOfKey(data []byte) string {
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PUBLIC KEY", "RSA PUBLIC KEY":
			return "it holds a public key; what signs is the private one"
		case "CERTIFICATE":
			return "it holds a certificate, which is no key"
		case "EC PRIVATE KEY":
			return "it holds an ECDSA key, which cannot sign mail: use RSA or Ed25519"
		case "OPENSSH PRIVATE KEY":
			return "it holds a key in the form of OpenSSH: make one with openssl genpkey"
		}
	}
	text := bytes.TrimSpace(data)
	_, notBase64 := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(text), nil)))
	switch {
	case len(text) == 0:
		return "it is empty"
	case bytes.Contains(text, []byte(pemBegin)):
		return "the block is damaged: its end is missing, or line ends are"
	case bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")):
		return "it is text in UTF-16: save it as plain text"
	case text[0] == 0x30 && len(text) > 1 && text[1] >= 0x80:
		return "it is in DER: openssl pkey -inform DER -in KEY -out KEY.pem"
	case notBase64 == nil:
		return "it is base64 without the lines with which PEM begins and ends"
	}
	return "a file as openssl genpkey writes it is expected"
}

func parsePKCS8(der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("dkim: read the private key: %w", err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("dkim: a key of type %T cannot sign: use RSA or Ed25519", key)
}

// MarshalPrivateKey writes PKCS#8 PEM.
func MarshalPrivateKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("dkim: encode the private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPKCS8, Bytes: der}), nil
}
