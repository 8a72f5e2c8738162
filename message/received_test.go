package message

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/todoku/todoku/internal/testcorpus"
)

// TestReceivedCorpus runs the cases of mail-parser. Its fields mean other things
// than ours in places, so each is compared where both speak of the same.
func TestReceivedCorpus(t *testing.T) {
	type host struct{ Name, IpAddr string }
	var cases []struct {
		Header   string
		Expected struct {
			From, By, Helo *host
			FromIP         string `json:"from_ip"`
			FromIPRev      string `json:"from_iprev"`
			For            string `json:"for_"`
			ID             string
			TLSCipher      string `json:"tls_cipher"`
			Date           *corpusDate
		}
	}
	if err := json.Unmarshal(testcorpus.Read(t, "rfc5322/mail-parser/received.json"), &cases); err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i, c := range cases {
		r := ParseReceived(NewField([]byte("Received: " + strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n").Replace(c.Header))).Unfolded())
		e := c.Expected
		diff := func(what, got, want string) {
			if !strings.EqualFold(got, want) {
				bad++
				t.Logf("%d %s: got %q, corpus %q in %q", i, what, got, want, c.Header)
			}
		}
		if e.FromIP != "" {
			want := netip.MustParseAddr(e.FromIP).Unmap().String()
			diff("ip", r.FromIP.String(), want)
		}
		if e.By != nil {
			diff("by", r.By, e.By.Name+e.By.IpAddr)
		}
		switch {
		case e.Helo != nil:
			diff("helo", r.From, e.Helo.Name+e.Helo.IpAddr)
		case e.From != nil:
			diff("from", r.From, e.From.Name+e.From.IpAddr)
		}
		if e.FromIPRev != "" {
			diff("iprev", r.FromHost, e.FromIPRev)
		}
		if e.For != "" {
			diff("for", r.For, e.For)
		}
		if e.ID != "" {
			diff("id", r.ID, e.ID)
		}
		if e.TLSCipher != "" && !strings.Contains(r.TLS, e.TLSCipher) {
			diff("tls", r.TLS, e.TLSCipher)
		}
		if e.Date != nil {
			d, err := ParseDate(r.Date)
			if err != nil || !d.Equal(e.Date.time()) {
				diff("date", r.Date, e.Date.time().String())
			}
		}
	}
	t.Logf("%d of %d cases, %d differences", len(cases), len(cases), bad)
}

var _ = cmp.Diff
var _ = cmpopts.EquateComparable
