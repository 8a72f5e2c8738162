package inspect

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/survey"
)

// keyFindings gives the findings on a zone in the areas of keys and services.
func keyFindings(t *testing.T, zone dns.Zone, selectors ...string) ([]catalogue.Finding, *survey.Domain) {
	t.Helper()
	o := survey.Options{Now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), Selectors: selectors, DNSOnly: true}
	d := survey.Look(context.Background(), dns.MustMemory(zone), "example.com", o)
	var out []catalogue.Finding
	for _, f := range Domain(d) {
		if a := catalogue.Area(f.ID); a == "dkim" || a == "service" {
			out = append(out, f)
		}
	}
	return out, d
}

// sender is a domain that sends.
func sender(more dns.Zone) dns.Zone {
	z := dns.Zone{"example.com": {"SOA ns1.example.com. hostmaster.example.com. 1 7200 900 1209600 300", "MX 10 mail.example.com", "TXT v=spf1 mx -all"}, "mail.example.com": {"A 192.0.2.25"}}
	for name, records := range more {
		z[name] = append(z[name], records...)
	}
	return z
}

// keyStatus is the status of the first finding of an ID, "" where there is none.
func keyStatus(fs []catalogue.Finding, id string) catalogue.Status {
	for _, f := range fs {
		if f.ID == id {
			return f.Status
		}
	}
	return ""
}

const edKey = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

func TestKeyFindings(t *testing.T) {
	for _, c := range []struct {
		name      string
		zone      dns.Zone
		selectors []string
		id        string
		status    catalogue.Status
	}{
		{"given and absent", dns.Zone{"x._domainkey.example.com": {"TXT " + edKey}}, []string{"s1"}, "dkim.key-missing", catalogue.Fail},
		{"inferred and absent", dns.Zone{"x._domainkey.example.com": {"TXT " + edKey}}, nil, "dkim.not-seen", catalogue.Unknown},
		{"RFC 8020: no folder", nil, nil, "dkim.none-published", catalogue.Unknown},
		{"a failure is no absence", dns.Zone{"s1._domainkey.example.com": {"SERVFAIL"}}, []string{"s1"}, "dkim.dns-failure", catalogue.Unknown},
		{"given with the folder", dns.Zone{"s1._domainkey.example.com": {"TXT " + edKey}}, []string{"S1._domainkey.example.com."}, "dkim.key", catalogue.Pass},
		{"inferred and withdrawn", dns.Zone{"k1._domainkey.example.com": {"TXT v=DKIM1; p="}}, nil, "dkim.key-retired", catalogue.Pass},
		{"given and withdrawn", dns.Zone{"k1._domainkey.example.com": {"TXT v=DKIM1; p="}}, []string{"k1"}, "dkim.key-revoked", catalogue.Fail},
		{"in test", dns.Zone{"s1._domainkey.example.com": {"TXT " + edKey + "; t=y"}}, []string{"s1"}, "dkim.testing", catalogue.Info},
		{"old tag", dns.Zone{"s1._domainkey.example.com": {"TXT " + edKey + "; g=*"}}, []string{"s1"}, "dkim.old-tag", catalogue.Info},
		{"unknown tag", dns.Zone{"s1._domainkey.example.com": {"TXT " + edKey + "; x=1"}}, []string{"s1"}, "dkim.unknown-tags", catalogue.Info},
		{"dated selector", dns.Zone{"sel2019._domainkey.example.com": {"TXT " + edKey}}, []string{"sel2019"}, "dkim.old-selector", catalogue.Info},
		{"wildcard", dns.Zone{"*._domainkey.example.com": {"TXT hello"}}, nil, "dkim.wildcard", catalogue.Info},
		{"policy of DomainKeys", dns.Zone{"_domainkey.example.com": {"TXT t=y; o=~"}}, nil, "dkim.policy-leftover", catalogue.Info},
		{"delegated", dns.Zone{"_domainkey.example.com": {"NS ns.keys.example"}}, nil, "dkim.delegated", catalogue.Info},
	} {
		fs, _ := keyFindings(t, sender(c.zone), c.selectors...)
		if got := keyStatus(fs, c.id); got != c.status {
			t.Errorf("%s: %s is %q, want %q: %+v", c.name, c.id, got, c.status, fs)
		}
	}
}

// TestKeySizes: below 1024 bits no signature counts (RFC 8301 section 3.2).
func TestKeySizes(t *testing.T) {
	for _, c := range []struct {
		bits   uint
		id     string
		status catalogue.Status
	}{
		{512, "dkim.key-too-small", catalogue.Fail}, {1024, "dkim.weak-key", catalogue.Info},
		{2048, "dkim.key", catalogue.Pass}, {4096, "dkim.key", catalogue.Pass}, {4104, "dkim.key-too-large", catalogue.Warn},
	} {
		n := new(big.Int).Lsh(big.NewInt(1), c.bits-1)
		der := x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537})
		record := "TXT v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
		fs, _ := keyFindings(t, sender(dns.Zone{"s1._domainkey.example.com": {record}}), "s1")
		if got := keyStatus(fs, c.id); got != c.status {
			t.Errorf("%d bits: %s is %q, want %q: %+v", c.bits, c.id, got, c.status, fs)
		}
	}
}

// TestPrivateKeyIsNotShown: a private key that stands in the DNS is named and never repeated.
func TestPrivateKeyIsNotShown(t *testing.T) {
	key, err := dkim.GenerateKey("rsa", 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(der)
	for _, zone := range []dns.Zone{
		{"s1._domainkey.example.com": {"TXT v=DKIM1; k=rsa; p=" + secret}},
		{"s1._domainkey.example.com": {"TXT v=DKIM1; k=rsa; p=" + secret, "TXT " + edKey}},
		{"s1.domainkey.example.com": {"TXT v=DKIM1; k=rsa; p=" + secret}},
		{"example.com": {"TXT v=DKIM1; k=rsa; p=" + secret}},
		{"*._domainkey.example.com": {"TXT v=DKIM1; k=rsa; p=" + secret}},
	} {
		fs, _ := keyFindings(t, sender(zone), "s1")
		text, err := json.Marshal(fs)
		if err != nil {
			t.Fatal(err)
		}
		if all := fmt.Sprintf("%+v %s", fs, text); strings.Contains(all, secret[40:80]) {
			t.Errorf("a private key is shown: %s", all)
		}
		if zone["s1._domainkey.example.com"] != nil && keyStatus(fs, "dkim.key-private") != catalogue.Fail {
			t.Errorf("a private key is no failure: %+v", fs)
		}
	}
}

// TestKeyBudget: keys and services of a healthy domain take no more than two dozen questions.
func TestKeyBudget(t *testing.T) {
	_, d := keyFindings(t, sender(dns.Zone{"s1._domainkey.example.com": {"TXT " + edKey}}))
	asked := 0
	for _, a := range d.Answers {
		if strings.Contains(a.Question.Name, "domainkey") {
			asked++
		}
	}
	if asked > 15 {
		t.Errorf("%d questions about keys", asked)
	}
}

// TestTargetAsText: the target of a CNAME was published as TXT, as real domains do.
func TestTargetAsText(t *testing.T) {
	zone := sender(dns.Zone{"s1._domainkey.example.com": {"TXT fmk7xlvhjfqqruhiytlb6434lcykrduv.dkim.amazonses.com"}})
	fs, _ := keyFindings(t, zone, "s1")
	for _, f := range fs {
		if f.ID == "dkim.key-syntax" && f.Status == catalogue.Fail && len(f.Advice) == 1 {
			return
		}
	}
	t.Errorf("%+v", fs)
}

func TestFeedbackHost(t *testing.T) {
	for host, want := range map[string]string{
		"feedback-smtp.us-east-1.amazonses.com":       "feedback-smtp.us-east-1.amazonses.com",
		"feedback-smtp.AP-NorthEast-1.amazonses.com.": "feedback-smtp.ap-northeast-1.amazonses.com",
		"feedback-smtp.apnortheast1.amazonses.com":    "feedback-smtp.ap-northeast-1.amazonses.com",
		"feedback-smtp.us-gov-west-1.amazonses.com":   "feedback-smtp.us-gov-west-1.amazonses.com",
		"feedback-smtp.eu-west-1.amazonaws.com":       "feedback-smtp.eu-west-1.amazonses.com",
		"feedback-smtp.tokyo.amazonses.com":           "feedback-smtp.ap-northeast-1.amazonses.com",
		"feedback-smtp.amazonses.com":                 "",
		"feedback-smtp.moon-1.amazonses.com":          "",
		"mail.example.com":                            "",
	} {
		if got, ok := feedbackHost(host); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
