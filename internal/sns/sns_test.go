package sns

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

const topic = "arn:aws:sns:us-east-1:123456789012:ses-events"
const certAt = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func certificatePEM(t testing.TB, name string, from, until time.Time) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: from, NotAfter: until},
		&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "CA"}}, signingKey().Public(), signingKey())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// web answers requests by URL, and counts them.
type web struct {
	mu    sync.Mutex
	pages map[string][]byte
	asked []string
	fail  error
}

func (w *web) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, r.URL.String())
	if w.fail != nil {
		return nil, w.fail
	}
	b, ok := w.pages[r.URL.String()]
	status := http.StatusOK
	if !ok {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(b))}, nil
}

func sign(t testing.TB, m *Message) *Message {
	t.Helper()
	var hash crypto.Hash
	var sum []byte
	if m.SignatureVersion == "1" {
		s := sha1.Sum(m.signed())
		hash, sum = crypto.SHA1, s[:]
	} else {
		s := sha256.Sum256(m.signed())
		hash, sum = crypto.SHA256, s[:]
	}
	b, err := rsa.SignPKCS1v15(nil, signingKey(), hash, sum)
	if err != nil {
		t.Fatal(err)
	}
	m.Signature = base64.StdEncoding.EncodeToString(b)
	return m
}

func notification(version string) *Message {
	return &Message{Type: Notification, MessageID: "m-1", TopicArn: topic, Message: "{\"a\":\"b\\n\"}\n", Timestamp: "2026-11-26T11:59:00.123Z", SignatureVersion: version, SigningCertURL: certAt}
}

func verifier(t testing.TB, w *web) *Verifier {
	t.Helper()
	v, err := NewVerifier(Config{Topics: []string{topic}, Client: w, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestCanonicalText: the text that is signed, as the developer guide shows it.
func TestCanonicalText(t *testing.T) {
	subject := "My First Message"
	n := &Message{Type: Notification, MessageID: "22b8", Subject: &subject, Message: "Hello world!", Timestamp: "2012-05-02T00:54:06.655Z", TopicArn: "arn:x"}
	if got, want := string(n.signed()), "Message\nHello world!\nMessageId\n22b8\nSubject\nMy First Message\nTimestamp\n2012-05-02T00:54:06.655Z\nTopicArn\narn:x\nType\nNotification\n"; got != want {
		t.Errorf("%q", got)
	}
	n.Subject = nil
	if strings.Contains(string(n.signed()), "Subject") {
		t.Errorf("%q", n.signed())
	}
	s := &Message{Type: Subscribe, MessageID: "165", Token: "2336", TopicArn: "arn:x", Message: "You have chosen", SubscribeURL: "https://s/", Timestamp: "t"}
	if got, want := string(s.signed()), "Message\nYou have chosen\nMessageId\n165\nSubscribeURL\nhttps://s/\nTimestamp\nt\nToken\n2336\nTopicArn\narn:x\nType\nSubscriptionConfirmation\n"; got != want {
		t.Errorf("%q", got)
	}
}

func TestVerify(t *testing.T) {
	w := &web{pages: map[string][]byte{certAt: certificatePEM(t, "sns.amazonaws.com", now.Add(-time.Hour), now.Add(time.Hour))}}
	v := verifier(t, w)
	subject := "x"
	for _, version := range []string{"1", "2"} {
		m := notification(version)
		m.Subject = &subject
		for _, m := range []*Message{notification(version), m} {
			sign(t, m)
			data, err := json.Marshal(map[string]any{"Type": m.Type, "MessageId": m.MessageID, "TopicArn": m.TopicArn, "Subject": m.Subject, "Message": m.Message, "Timestamp": m.Timestamp, "SignatureVersion": m.SignatureVersion, "Signature": m.Signature, "SigningCertURL": m.SigningCertURL})
			if err != nil {
				t.Fatal(err)
			}
			got, err := Parse(data)
			if err != nil {
				t.Fatal(err)
			}
			if err := v.Verify(t.Context(), got); err != nil {
				t.Errorf("version %s: %v", version, err)
			}
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("fetched %v", w.asked)
	}
	for name, c := range map[string]struct {
		change func(*Message)
		want   error
	}{
		"another topic":  {func(m *Message) { m.TopicArn = strings.Replace(topic, "ses-", "x-", 1) }, ErrTopic},
		"too old":        {func(m *Message) { m.Timestamp = "2026-11-26T10:59:00Z" }, ErrTime},
		"of the future":  {func(m *Message) { m.Timestamp = "2026-11-26T12:30:00Z" }, ErrTime},
		"no time":        {func(m *Message) { m.Timestamp = "now" }, ErrTime},
		"http":           {func(m *Message) { m.SigningCertURL = strings.Replace(certAt, "https", "http", 1) }, ErrURL},
		"another host":   {func(m *Message) { m.SigningCertURL = "https://sns.us-east-1.amazonaws.com.evil.example/x.pem" }, ErrURL},
		"a bucket":       {func(m *Message) { m.SigningCertURL = "https://s3.us-east-1.amazonaws.com/evil/x.pem" }, ErrURL},
		"another region": {func(m *Message) { m.SigningCertURL = strings.Replace(certAt, "east", "west", 1) }, ErrURL},
		"a user": {func(m *Message) {
			m.SigningCertURL = strings.Replace(certAt, "sns.", "sns.us-east-1.amazonaws.com@evil.", 1)
		}, ErrURL},
		"a port":            {func(m *Message) { m.SigningCertURL = strings.Replace(certAt, ".com/", ".com:8443/", 1) }, ErrURL},
		"a query":           {func(m *Message) { m.SigningCertURL += "?x=.pem" }, ErrURL},
		"another path":      {func(m *Message) { m.SigningCertURL = strings.Replace(certAt, "Simple", "a/../Simple", 1) }, ErrURL},
		"no pem":            {func(m *Message) { m.SigningCertURL = strings.Replace(certAt, ".pem", ".txt", 1) }, ErrURL},
		"version 3":         {func(m *Message) { m.SignatureVersion = "3" }, ErrSignature},
		"the other version": {func(m *Message) { m.SignatureVersion = "1" }, ErrSignature},
		"a changed message": {func(m *Message) { m.Message += " " }, ErrSignature},
		"a subject":         {func(m *Message) { m.Subject = &subject }, ErrSignature},
		"another kind":      {func(m *Message) { m.Type = Subscribe }, ErrSignature},
		"another ID":        {func(m *Message) { m.MessageID = "m-2" }, ErrSignature},
		"no base64":         {func(m *Message) { m.Signature = "!" }, ErrSignature},
		"no signature":      {func(m *Message) { m.Signature = "" }, ErrSignature},
	} {
		m := sign(t, notification("2"))
		c.change(m)
		if err := v.Verify(t.Context(), m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("fetched %v", w.asked)
	}
}

func TestCertificates(t *testing.T) {
	hour := time.Hour
	for name, c := range map[string]struct {
		pem  []byte
		want error
	}{
		"expired": {certificatePEM(t, "sns.amazonaws.com", now.Add(-2*hour), now.Add(-hour)), ErrSignature}, "not yet": {certificatePEM(t, "sns.amazonaws.com", now.Add(hour), now.Add(2*hour)), ErrSignature},
		"another name": {certificatePEM(t, "sns.evil.example", now.Add(-hour), now.Add(hour)), ErrSignature}, "an S3 name": {certificatePEM(t, "s3.amazonaws.com", now.Add(-hour), now.Add(hour)), ErrSignature},
		"no PEM": {[]byte("hello"), ErrSignature}, "no DER": {[]byte("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"), ErrSignature},
		"signing name": {certificatePEM(t, "sns-signing.us-east-1.amazonaws.com", now.Add(-hour), now.Add(hour)), nil},
	} {
		v := verifier(t, &web{pages: map[string][]byte{certAt: c.pem}})
		if err := v.Verify(t.Context(), sign(t, notification("2"))); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What cannot be fetched now is asked for again later, not at once; a flood of different URLs is bounded.
	w := &web{fail: errors.New("down"), pages: map[string][]byte{certAt: certificatePEM(t, "sns.amazonaws.com", now.Add(-hour), now.Add(hour))}}
	v := verifier(t, w)
	at := now
	v.Now = func() time.Time { return at }
	for range 3 {
		if err := v.Verify(t.Context(), sign(t, notification("2"))); err == nil || errors.Is(err, ErrSignature) {
			t.Error(err)
		}
	}
	if len(w.asked) != 1 {
		t.Errorf("%v", w.asked)
	}
	w.fail = nil
	for i := range 100 {
		m := sign(t, notification("2"))
		m.SigningCertURL = strings.Replace(certAt, "0123", strings.Repeat("f", i+1), 1)
		if err := v.Verify(t.Context(), m); err == nil {
			t.Error("no error")
		}
	}
	if len(w.asked) > maxFetches || len(v.certs) > maxCerts {
		t.Errorf("%d asked, %d kept", len(w.asked), len(v.certs))
	}
	at = now.Add(2 * time.Minute)
	if err := v.Verify(t.Context(), sign(t, notification("2"))); err != nil {
		t.Error(err)
	}
	// What names certificates that are none drives no good one out, also when it is to be fetched anew.
	flood := func(b byte) {
		for i := range 100 {
			m := sign(t, notification("2"))
			m.SigningCertURL = strings.Replace(certAt, "0123", strings.Repeat(string(b), i+1), 1)
			if err := v.Verify(t.Context(), m); err == nil {
				t.Error("no error")
			}
		}
	}
	asked := len(w.asked)
	for _, b := range []byte("abc") {
		flood(b)
		at = at.Add(2 * time.Minute)
	}
	if err := v.Verify(t.Context(), sign(t, notification("2"))); err != nil || strings.Count(strings.Join(w.asked[asked:], " "), certAt) != 0 {
		t.Error(err)
	}
	v.certs[certAt].until = at
	flood('d')
	if err := v.Verify(t.Context(), sign(t, notification("2"))); err != nil {
		t.Error(err)
	}
	// Many at one time: one look.
	w = &web{pages: w.pages}
	v = verifier(t, w)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := v.Verify(context.Background(), sign(t, notification("2"))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(w.asked) != 1 {
		t.Errorf("%v", w.asked)
	}
}

func TestConfirm(t *testing.T) {
	good := "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=tok"
	w := &web{pages: map[string][]byte{good: []byte("<ConfirmSubscriptionResponse/>")}}
	v := verifier(t, w)
	m := &Message{Type: Subscribe, Token: "tok", TopicArn: topic, SubscribeURL: good}
	if err := v.Confirm(t.Context(), m); err != nil || len(w.asked) != 1 {
		t.Error(err, w.asked)
	}
	for _, bad := range []string{
		"", strings.Replace(good, "https", "http", 1), strings.Replace(good, "sns.us-east-1.amazonaws.com", "evil.example", 1), strings.Replace(good, "Confirm", "Delete", 1), strings.Replace(good, "Token=tok", "Token=other", 1),
		strings.Replace(good, "ses-events", "other", 1), strings.Replace(good, "/?", "/x?", 1), strings.Replace(good, "sns.us-east-1", "sns.eu-west-1", 1), good + "#x", good + strings.Repeat("x", 3000),
	} {
		m.SubscribeURL = bad
		if err := v.Confirm(t.Context(), m); !errors.Is(err, ErrURL) {
			t.Errorf("%.100q: %v", bad, err)
		}
	}
	if len(w.asked) != 1 {
		t.Error(w.asked)
	}
}

func TestValidTopic(t *testing.T) {
	for arn, want := range map[string]string{
		topic: "sns.us-east-1.amazonaws.com", "arn:aws-cn:sns:cn-north-1:123456789012:t": "sns.cn-north-1.amazonaws.com.cn", "arn:aws-us-gov:sns:us-gov-west-1:123456789012:t.fifo": "sns.us-gov-west-1.amazonaws.com",
		"arn:aws:sqs:us-east-1:123456789012:t": "", "arn:aws:sns:evil.example/:123456789012:t": "", "": "", topic + "\n": "", "arn:aws:sns:us-east-1:1:t": "",
	} {
		if got := hostOf(arn); got != want || ValidTopic(arn) != (want != "") {
			t.Errorf("%q: %q", arn, got)
		}
	}
	if _, err := NewVerifier(Config{Topics: []string{"x"}}); err == nil {
		t.Error("no error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Type":"Notification","MessageId":"1","TopicArn":"` + topic + `","Timestamp":"2026-11-26T11:59:00.123Z","SignatureVersion":"2","Signature":"AA==","SigningCertURL":"` + certAt + `","Message":"x"}`))
	f.Add([]byte(`{"Type":"SubscriptionConfirmation","MessageId":"1","TopicArn":"` + topic + `","Timestamp":"2026-11-26T11:59:00.123Z","SubscribeURL":"https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"}`))
	w := &web{pages: map[string][]byte{certAt: certificatePEM(f, "sns.amazonaws.com", now.Add(-time.Hour), now.Add(time.Hour))}}
	v, err := NewVerifier(Config{Topics: []string{topic}, Client: w, Now: func() time.Time { return now }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		if v.Verify(t.Context(), m) == nil {
			t.Error("verified")
		}
		for _, at := range w.asked {
			if !strings.HasPrefix(at, "https://sns.us-east-1.amazonaws.com/") {
				t.Error(at)
			}
		}
		w.asked = nil
	})
}
