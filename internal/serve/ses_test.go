package serve

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

const (
	snsTopic = "arn:aws:sns:us-east-1:123456789012:ses-events"
	snsHost  = "sns.us-east-1.amazonaws.com"
)

// fakeSNS is Amazon SNS as the developer guide describes it, in its real protocol: TLS by an authority of our own, the certificate that signs, the
// confirmation of subscriptions. The service itself cannot be had in a test.
type fakeSNS struct {
	t      *testing.T
	key    *rsa.PrivateKey
	client *fetch.Client

	mu    sync.Mutex
	asked []string
}

func startSNS(t *testing.T) *fakeSNS {
	t.Helper()
	f := &fakeSNS{t: t}
	var err error
	if f.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	make := func(of, by *x509.Certificate) []byte {
		der, err := x509.CreateCertificate(rand.Reader, of, by, f.key.Public(), f.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	leaf := func(name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter}
	}
	root, err := x509.ParseCertificate(make(ca, ca))
	if err != nil {
		t.Fatal(err)
	}
	signing := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: make(leaf("sns.amazonaws.com"), ca)})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.Host+r.URL.String())
		f.mu.Unlock()
		switch {
		case r.URL.Path == "/SimpleNotificationService-01.pem":
			w.Write(signing)
		case r.URL.Query().Get("Action") != "ConfirmSubscription":
			http.NotFound(w, r)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{make(leaf(snsHost), ca)}, PrivateKey: f.key}}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(root)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	f.client = fetch.NewClient(fetch.NewDialer(fetch.Config{
		Resolver: dns.MustMemory(dns.Zone{snsHost: {"A 127.0.0.1"}}), Roots: pool, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PortMap: map[uint16]uint16{443: at.Port()},
	}), fetch.HTTPConfig{MaxBody: 64 << 10})
	return f
}

func (f *fakeSNS) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.asked)
}

// message signs what SNS would send: the text of the fields in the order of their names.
func (f *fakeSNS) message(version, kind, id, text string) map[string]string {
	f.t.Helper()
	m := map[string]string{"Type": kind, "MessageId": id, "TopicArn": snsTopic, "Message": text, "Timestamp": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": version,
		"SigningCertURL": "https://" + snsHost + "/SimpleNotificationService-01.pem"}
	names := []string{"Message", "MessageId", "Timestamp", "TopicArn", "Type"}
	if kind != "Notification" {
		m["Token"] = "a-token"
		m["SubscribeURL"] = "https://" + snsHost + "/?Action=ConfirmSubscription&TopicArn=" + snsTopic + "&Token=a-token"
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var signed strings.Builder
	for _, n := range names {
		fmt.Fprintf(&signed, "%s\n%s\n", n, m[n])
	}
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(signed.String()))
	digest := sum[:]
	if version == "1" {
		old := sha1.Sum([]byte(signed.String()))
		hash, digest = crypto.SHA1, old[:]
	}
	b, err := rsa.SignPKCS1v15(nil, f.key, hash, digest)
	if err != nil {
		f.t.Fatal(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(b)
	return m
}

func (f *fakeSNS) post(to string, m map[string]string, header ...string) int {
	f.t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(b))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// sesDelivery and sesComplaint are events of SES of now.
func sesDelivery(id string) string {
	at := time.Now().UTC().Format(time.RFC3339)
	return `{"eventType":"Delivery","mail":{"timestamp":"` + at + `","messageId":"` + id + `","source":"b@shop.example","destination":["a@gmail.com"],"tags":{"ses:outgoing-ip":["192.0.2.1"]}},"delivery":{"timestamp":"` + at + `","recipients":["a@gmail.com"]}}`
}

func sesComplaint(id string) string {
	at := time.Now().UTC().Format(time.RFC3339)
	return `{"notificationType":"Complaint","mail":{"timestamp":"` + at + `","messageId":"` + id + `","source":"b@shop.example","destination":["a@gmail.com"]},"complaint":{"timestamp":"` + at + `","feedbackId":"` + id + `","complainedRecipients":[{"emailAddress":"a@gmail.com"}]}}`
}

func TestEventsOfSES(t *testing.T) {
	f := startSNS(t)
	n := startNode(t, func(c *Config) {
		c.SES = &SESConfig{Topics: []string{snsTopic}, Client: f.client, EventOptions: warmup.EventOptions{Source: "192.0.2.9", Volume: true}}
	})
	to := "http://" + n.HTTP.String() + SESPath
	ctx := t.Context()
	if err := warmup.Plan(ctx, n.Store, "192.0.2.1", "gmail", "t", []warmup.Step{{Day: 50}}, time.Now()); err != nil {
		t.Fatal(err)
	}
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}
	want("a subscription", f.post(to, f.message("1", "SubscriptionConfirmation", "s-1", "You have chosen to subscribe")), 200)
	if want("requests", f.count(), 2); f.count() == 2 && !strings.Contains(f.asked[1], "Action=ConfirmSubscription") {
		t.Error(f.asked)
	}
	want("the sentence that SES begins with", f.post(to, f.message("2", "Notification", "m-0", "Successfully validated SNS topic for Amazon SES event publishing.")), 200)
	delivery := f.message("2", "Notification", "m-1", sesDelivery("1"))
	want("a delivery", f.post(to, delivery), 200)
	want("the same again", f.post(to, delivery), 200)
	want("the same event in another message", f.post(to, f.message("1", "Notification", "m-2", delivery["Message"])), 200)
	want("a complaint", f.post(to, f.message("1", "Notification", "m-3", sesComplaint("2"))), 200)
	want("the end of a subscription", f.post(to, f.message("2", "UnsubscribeConfirmation", "u-1", "You have chosen to deactivate")), 200)

	// What is not from our topic, or not from SNS.
	for name, change := range map[string]func(map[string]string){
		"another topic": func(m map[string]string) { m["TopicArn"] = strings.Replace(snsTopic, "ses", "xes", 1) }, "changed": func(m map[string]string) { m["Message"] = sesComplaint("9") },
		"old": func(m map[string]string) { m["Timestamp"] = time.Now().Add(-2 * time.Hour).UTC().Format(time.RFC3339) }, "no signature": func(m map[string]string) { delete(m, "Signature") },
		"another host": func(m map[string]string) { m["SigningCertURL"] = "https://evil.example/x.pem" }, "no message": func(m map[string]string) { clear(m) },
		"inner": func(m map[string]string) { m["SigningCertURL"] = "https://169.254.169.254/x.pem" },
	} {
		m := f.message("2", "Notification", "bad", sesComplaint("8"))
		change(m)
		want(name, f.post(to, m), 403)
	}
	evil := f.message("2", "SubscriptionConfirmation", "s-2", "x")
	evil["SubscribeURL"] = "https://evil.example/"
	want("a subscription elsewhere", f.post(to, evil), 403)
	want("raw", f.post(to, map[string]string{"eventType": "Delivery"}, "X-Amz-Sns-Rawdelivery", "true"), 403)
	want("too long", f.post(to, map[string]string{"x": strings.Repeat("x", 2<<20)}), 413)
	want("requests", f.count(), 2)
	if resp, err := http.Get(to); err != nil || resp.StatusCode != 405 {
		t.Error(resp, err)
	} else {
		resp.Body.Close()
	}

	list, err := warmup.List(ctx, n.Store, time.Now())
	if err != nil || len(list) != 1 || list[0].Today.Delivered != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	got, err := n.Store.Complaints(ctx, "2026-01-01")
	if err != nil || len(got) != 2 || got[0].Source != "192.0.2.1" || got[0].Delivered != 1 || got[1].Source != "192.0.2.9" || got[1].Complaints != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if v, err := n.Store.VolumeSince(ctx, "2026-01-01"); err != nil || len(v) != 1 || v[0].Messages != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestEventsOfSES_Twice: one that SNS sends to several nodes, or many times at one moment, is counted once.
func TestEventsOfSES_Twice(t *testing.T) {
	f := startSNS(t)
	n := startNode(t, func(c *Config) { c.SES = &SESConfig{Topics: []string{snsTopic}, Client: f.client} })
	m := f.message("2", "Notification", "m-1", sesDelivery("1"))
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			if i%2 == 0 {
				f.post("http://"+n.HTTP.String()+SESPath, m)
			} else {
				f.post("http://"+n.HTTP.String()+SESPath, f.message("2", "Notification", "m-"+strconv.Itoa(i), m["Message"]))
			}
		})
	}
	wg.Wait()
	if got, err := n.Store.Complaints(t.Context(), ""); err != nil || len(got) != 1 || got[0].Delivered != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestEventsOfSES_Slow: clients that never finish what they send keep nobody out.
func TestEventsOfSES_Slow(t *testing.T) {
	f := startSNS(t)
	n := startNode(t, func(c *Config) { c.SES = &SESConfig{Topics: []string{snsTopic}, Client: f.client} })
	for range 2 * eventsAtOnce {
		conn, err := net.Dial("tcp", n.HTTP.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", SESPath, n.HTTP)
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") { // it is being read
			t.Fatalf("%q, %v", line, err)
		}
	}
	if got := f.post("http://"+n.HTTP.String()+SESPath, f.message("2", "Notification", "m-1", sesDelivery("1"))); got != 200 {
		t.Errorf("%d", got)
	}
	d, err := newSESDoor(SESConfig{}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, SESPath, strings.NewReader("x"))
	d.clients[caller.Network(caller.Address(r))] = readFar
	if _, status := d.read(httptest.NewRecorder(), r); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
	r.RemoteAddr = "198.51.100.7:1"
	if body, status := d.read(httptest.NewRecorder(), r); status != 0 || string(body) != "x" || d.reading != 0 || len(d.clients) != 1 {
		t.Errorf("%d, %+v", status, d.clients)
	}
}

// TestEventsOfSES_NoDatabase: what cannot be kept is sent again, and is new then.
func TestEventsOfSES_NoDatabase(t *testing.T) {
	f := startSNS(t)
	database := t.TempDir() + "/t.db"
	st, err := store.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	c := SESConfig{Topics: []string{snsTopic}, Client: f.client}
	h, err := withSES(&c, st, slog.New(slog.DiscardHandler), http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	st.Close()
	m := f.message("2", "Notification", "m-1", sesDelivery("1"))
	if got := f.post(server.URL+SESPath, m); got != 503 {
		t.Errorf("%d", got)
	}
	if st, err = store.Open(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if h, err = withSES(&c, st, slog.New(slog.DiscardHandler), http.NotFoundHandler()); err != nil {
		t.Fatal(err)
	}
	again := httptest.NewServer(h)
	defer again.Close()
	if got := f.post(again.URL+SESPath, m); got != 200 {
		t.Errorf("%d", got)
	}
	if got, err := st.Complaints(t.Context(), ""); err != nil || len(got) != 1 || got[0].Delivered != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := withSES(&SESConfig{Topics: []string{"x"}}, st, nil, nil); err == nil {
		t.Error("a topic that is none")
	}
}
