package dkim

import (
	"errors"
	"strings"
	"testing"

	"github.com/todoku/todoku/message"
)

// Attack 9: of several fields of one name the lowest is signed (RFC 6376 section 5.4.2). Where the
// header goes on beyond what is read, that field may be one nobody has looked at.
func TestAttack09FieldBeyondTheLimit(t *testing.T) {
	raw := sign(t, simpleMessage, SignOptions{Headers: []string{"From", "Subject"}})
	expect(t, testZone(), raw, Options{}, Pass, "")
	many := strings.Repeat("X: y\r\n", message.MaxFields) + "Subject: evil\r\n\r\n"
	expect(t, testZone(), strings.Replace(raw, "\r\n\r\n", "\r\n"+many, 1), Options{}, Neutral, ProblemHeaderTooLong)

	key := SignOptions{Domain: "example.com", Selector: "rsa", Key: testKeys["rsa"]}
	if _, err := Sign(strings.NewReader("From: a@example.com\r\n"+many), key); !errors.Is(err, ErrHeaderTooLong) {
		t.Errorf("signed a header that is not wholly read: %v", err)
	}
}

// A field put before white space would swallow it: what is signed would not be what is sent.
func TestSignRefusesLeadingSpace(t *testing.T) {
	for _, first := range []string{" ", "\t", " X: y\r\n", "\t\r\n"} {
		field, err := Sign(strings.NewReader(first+simpleMessage), SignOptions{Domain: "example.com", Selector: "rsa", Key: testKeys["rsa"]})
		if !errors.Is(err, ErrLeadingSpace) || field != nil {
			t.Errorf("%q: %v", first, err)
		}
	}
}
