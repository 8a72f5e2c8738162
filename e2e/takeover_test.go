package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// keyFiles makes private keys, and gives their records by name.
func keyFiles(t *testing.T, dir string, names map[string]string) (records map[string]string) {
	t.Helper()
	records = map[string]string{}
	for name, algorithm := range names { // "selector.domain" to the algorithm
		key, err := dkim.GenerateKey(algorithm, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), pem, 0o600); err != nil {
			t.Fatal(err)
		}
		selector, domain, _ := strings.Cut(name, ".")
		if records[selector+"._domainkey."+domain], err = dkim.RecordFor(key.Public()); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// signatures gives what is compared of the signatures of a message, sorted: d=, s=, a=, c=, h=, and whether there is an x=.
func signatures(t *testing.T, raw string) (out []string) {
	t.Helper()
	for _, f := range message.Parse([]byte(raw)).All("DKIM-Signature") {
		s, err := dkim.ParseSignature(f.Value())
		if err != nil {
			t.Fatalf("%v\n%s", err, f.Raw)
		}
		h := strings.ToLower(strings.Join(s.Headers, ":"))
		out = append(out, fmt.Sprintf("d=%s s=%s a=%s c=%s h=%s x=%d", s.Domain, s.Selector, s.Algorithm, s.Canonicalization(), h, life(s)))
	}
	slices.Sort(out)
	return out
}

// life is how long a signature is good, in seconds, 0 for no end.
func life(s *dkim.Signature) int {
	if s.Expires.IsZero() {
		return 0
	}
	return int(s.Expires.Sub(s.Timestamp).Seconds())
}

// TestTakeOverOpenDKIM: with the configuration of OpenDKIM our milter signs as OpenDKIM does, and each verifies the other's
// signatures.
func TestTakeOverOpenDKIM(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	tables := "KeyTable refile:%[1]s/KeyTable\nSigningTable refile:%[1]s/SigningTable\n"
	for name, c := range map[string]struct {
		conf    string
		authors []string
	}{
		"Debian": {tables + "Canonicalization relaxed/simple\nOversignHeaders From\n", []string{
			"a@alpha.example", "Alpha <A@Alpha.Example>", "b@beta.example", "b@deep.sub.gamma.example", "bulk-7@delta.example", "other@delta.example", "x@nobody.example", "bulk@delta.example", "ceo@gamma.example",
		}},
		"several keys": {tables + "MultipleSignatures yes\nCanonicalization relaxed/relaxed\nOversignHeaders From,Subject,To\nSignatureTTL 86400\nSignHeaders From,To,Subject,Date,X-Odd,List-*\n", []string{
			"a@alpha.example", "b@beta.example", "b@sub.gamma.example", "bulk-7@delta.example", "a@alpha.example", "a@alpha.example", "a@alpha.example",
		}},
		"one domain, all defaults": {"Domain alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\n", []string{
			"a@alpha.example", "a@sub.alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example",
		}},
		"subdomains, relaxed": {"Domain csl:alpha.example,beta.example\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\nCanonicalization relaxed\nOmitHeaders *,+Subject,-Keywords\n", []string{
			"a@alpha.example", "a@sub.alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example", "a@alpha.example",
		}},
		// Not with simple for the header: then OpenDKIM does not verify its own Ed25519 signatures either.
		"Ed25519": {"Domain eddy.example\nSelector e\nKeyFile %[1]s/e.eddy.example\nSignatureAlgorithm ed25519-sha256\nCanonicalization relaxed/relaxed\nOversignHeaders From\nSignHeaders *,+X-Odd\n", []string{
			"a@eddy.example", "a@eddy.example", "a@eddy.example", "a@eddy.example", "a@eddy.example", "a@eddy.example", "a@eddy.example",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			records := keyFiles(t, dir, map[string]string{"a.alpha.example": "rsa", "b.beta.example": "rsa", "g.gamma.example": "rsa", "d.delta.example": "rsa", "e.eddy.example": "ed25519", "b2.beta.example": "rsa"})
			zone := dns.Zone{}
			var data strings.Builder
			for n, r := range records {
				zone[n] = []string{"TXT " + r}
				fmt.Fprintf(&data, "%s %s\n", n, r)
			}
			write(t, filepath.Join(dir, "dns"), data.String())
			var keyTable strings.Builder
			for _, k := range []string{"a.alpha.example", "b.beta.example", "b2.beta.example", "g.gamma.example", "d.delta.example"} {
				selector, domain, _ := strings.Cut(k, ".")
				fmt.Fprintf(&keyTable, "%s %s:%s:%s\n", k, domain, selector, filepath.Join(dir, k))
			}
			write(t, filepath.Join(dir, "KeyTable"), keyTable.String())
			write(t, filepath.Join(dir, "SigningTable"), "*@alpha.example a.alpha.example\n*@beta.example b.beta.example\n*@beta.example b2.beta.example\n*@*.gamma.example g.gamma.example\nbulk*@delta.example d.delta.example\n")
			conf := fmt.Sprintf(c.conf, dir) + "Socket local:" + dir + "/peer\nSyslog no\nBackground no\nRequireSafeKeys no\nAuthservID mx.here.example\nInternalHosts 127.0.0.1,192.0.2.0/24,!192.0.2.9\nTestDNSData file:" + dir + "/dns\n"
			theirs := peer(t, dir, "/usr/sbin/opendkim", conf)
			server := dnstest.New(t, dns.MustMemory(zone))
			p := run(t, "unix:"+dir+"/ours", "milter", "--listen", "unix:"+dir+"/ours", "--import-opendkim", filepath.Join(dir, "opendkim.conf"), "--resolver", server.Addr())
			ours := "unix:" + dir + "/ours"
			for i, author := range c.authors {
				m := posted{"192.0.2.5", "client.example", "bounce@x.example", likeness(author, i)}
				a, b := tell(t, theirs, m), tell(t, ours, m)
				want, got := signatures(t, a.raw), signatures(t, b.raw)
				if !slices.Equal(got, want) {
					t.Errorf("message %d of %s\nOpenDKIM %s\nTodoku   %s", i, author, strings.Join(want, "\n         "), strings.Join(got, "\n         "))
				}
				for what, pair := range map[string][2]string{"OpenDKIM of ours": {theirs, b.raw}, "Todoku of theirs": {ours, a.raw}} {
					if len(want) == 0 {
						continue
					}
					v := tell(t, pair[0], posted{"192.0.2.9", "client.example", "bounce@x.example", pair[1]})
					ar, _ := message.Parse([]byte(v.raw)).First("Authentication-Results")
					text := ar.Unfolded()
					if strings.Count(text, "dkim=pass") != len(want) || !strings.Contains(text, "mx.here.example") {
						t.Errorf("%s, message %d of %s: %s\n%s", what, i, author, text, v)
					}
				}
			}
			if said := p.log.String(); strings.Contains(said, "NOT understood") || !strings.Contains(said, "Taken over: ") {
				t.Errorf("it said\n%s", said)
			}
		})
	}
}
