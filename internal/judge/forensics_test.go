package judge

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// judged signs the good message for real, changes it and judges it with the DNS it needs.
func judged(t *testing.T, published string, change func(string) string) []catalogue.Finding {
	t.Helper()
	key, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	if published == "" {
		if published, err = dkim.RecordFor(key.Public()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := dkim.Sign(strings.NewReader(good), dkim.SignOptions{Domain: "shop.example", Selector: "s1", Key: key, Header: wire.Relaxed, Body: wire.Relaxed})
	if err != nil {
		t.Fatal(err)
	}
	zone := dns.MustMemory(dns.Zone{
		"s1._domainkey.shop.example": {"TXT " + published}, "_dmarc.shop.example": {"TXT v=DMARC1; p=reject"}, "shop.example": {"TXT v=spf1 ip4:192.0.2.1 -all"},
	})
	m := message.Parse([]byte(change(string(f) + good)))
	auth := mailauth.Authenticate(context.Background(), zone, m, mailauth.Envelope{}, time.Unix(1800000000, 0))
	return Message(Input{Message: m, Auth: auth, Forensics: forensics.Message(m, auth.DKIM)})
}

// A list's tag and footer are named, before the signature that they broke.
func TestChangedInTransit(t *testing.T) {
	fs := judged(t, "", func(s string) string {
		return strings.Replace(s, "Subject: ", "Subject: [club] ", 1) + "____\r\nclub\r\n"
	})
	complete(t, fs)
	var got []string
	for _, f := range fs {
		if f.ID == "dkim.changed-in-transit" {
			got = append(got, string(f.Status), f.Title("en"), f.Title("ja"))
			got = append(got, f.Evidence...)
		}
	}
	want := []string{
		"fail", "What broke the DKIM signature of shop.example: text was added below the body, as mailing lists and disclaimers do",
		"shop.example の DKIM 署名が無効になった原因: 本文の下に文が追加されています (メーリングリストのフッターや免責文など)",
		"body: footer-added", "+ ____", "+ club",
		"fail", "What broke the DKIM signature of shop.example: a tag was put into the Subject, as mailing lists and spam filters do",
		"shop.example の DKIM 署名が無効になった原因: 件名にタグが追加されています (メーリングリストや迷惑メールフィルターなど)",
		"header: subject-tagged (Subject)", "- subject:Hello", "+ subject:[club] Hello",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	at := func(id string) int { return slices.IndexFunc(fs, func(f catalogue.Finding) bool { return f.ID == id }) }
	if at("dkim.changed-in-transit") > at("dkim.body-hash-mismatch") {
		t.Errorf("the cause does not come first: %v", lines(fs))
	}
}

func TestUnexplainedChange(t *testing.T) {
	fs := judged(t, "", func(s string) string { return strings.Replace(s, "\r\nHello\r\n", "\r\nGoodbye\r\n", 1) })
	i := slices.IndexFunc(fs, func(f catalogue.Finding) bool { return f.ID == "dkim.body-hash-mismatch" })
	if i < 0 || !strings.Contains(strings.Join(fs[i].Evidence, "\n"), "no known change explains it") {
		t.Errorf("%v", fs)
	}
	if slices.ContainsFunc(fs, func(f catalogue.Finding) bool { return f.ID == "dkim.changed-in-transit" }) {
		t.Error("a change is named that was not made")
	}
}

func TestWrongKey(t *testing.T) {
	other, err := dkim.GenerateKey("rsa", 2048)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := dkim.RecordFor(other.Public())
	if err != nil {
		t.Fatal(err)
	}
	fs := judged(t, rec, func(s string) string { return s })
	if len(fs) == 0 || fs[0].ID != "dkim.wrong-key" || fs[0].Status != catalogue.Fail {
		t.Errorf("%v", lines(fs))
	}
	complete(t, fs)
}
