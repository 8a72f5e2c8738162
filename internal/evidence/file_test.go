package evidence

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBundleRoundTrip(t *testing.T) {
	in := &Bundle{
		Time:   time.Date(2026, 11, 1, 2, 3, 4, 5, time.UTC),
		Source: "smtp",
		Session: Session{
			Observed: true, RemoteIP: netip.MustParseAddr("2001:db8::1"), HELO: "mail.example.com", ESMTP: true,
			HasMailFrom: true, Recipients: []string{"a@b.example"}, TLS: &TLS{Version: "TLS 1.3"},
			Transcript: []Line{{At: time.Unix(0, 0).UTC(), From: "client", Text: "EHLO <mail>"}},
		},
		Message: []byte("From: a@b.example\r\n\r\nbare\nLF and \x00 and \xff\r\n"),
	}
	var buf bytes.Buffer
	if err := Encode(&buf, in); err != nil {
		t.Fatal(err)
	}
	out, err := Decode(&buf)
	if err != nil {
		t.Fatal(err)
	}
	in.Format, in.Version = Format, BundleVersion
	if !reflect.DeepEqual(in, out) {
		t.Errorf("round trip:\n in %+v\nout %+v", in, out)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"empty":         "",
		"other JSON":    `{"format":"something","version":1}`,
		"newer version": `{"format":"todoku-evidence","version":2}`,
		"a message":     "From: a@b.example\r\n\r\n",
		"two":           `{"format":"todoku-evidence","version":1,"time":"2026-11-01T00:00:00Z"} {}`,
		"no time":       `{"format":"todoku-evidence","version":1,"message":"QQ=="}`,
		"bad base64":    `{"format":"todoku-evidence","version":1,"message":"***"}`,
	} {
		if _, err := Decode(strings.NewReader(in)); !errors.Is(err, ErrNotBundle) {
			t.Errorf("%s: error %v, want ErrNotBundle", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":"todoku-evidence","version":1,"time":"2026-11-01T00:00:00Z","message":"QQ==","session":{"mail_from":""}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		b, err := Decode(bytes.NewReader(in))
		if err != nil {
			return
		}
		var buf bytes.Buffer
		if err := Encode(&buf, b); err != nil {
			t.Fatal(err)
		}
		again, err := Decode(&buf)
		if err != nil {
			t.Fatalf("what we wrote does not read: %v", err)
		}
		if !bytes.Equal(again.Message, b.Message) {
			t.Error("the message changed")
		}
	})
}
