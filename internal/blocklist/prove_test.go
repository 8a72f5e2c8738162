package blocklist

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/provider"
)

// Prove asks each list for its test entries alone, and gives no key away.
func TestProve(t *testing.T) {
	own := dns.NewCounter(dns.MustMemory(dns.Zone{"2.0.0.127.s3cretkey.zen.dq.spamhaus.net": {"A 127.0.0.2"}, "dbltest.com.dbl.spamhaus.org": {"A 127.0.1.2"}}), 0)
	dqs := provider.Choice{Keys: map[string]string{"spamhaus-dqs": "s3cretkey"}}.Choose()
	var lists []provider.Blocklist
	for _, b := range dqs {
		if b.Zone == "zen.dq.spamhaus.net" {
			lists = append(lists, b)
		}
	}
	lists = append(lists, known(t, "dbl.spamhaus.org", "psbl.surriel.com")...)
	seen := New(Config{Resolver: own, Lists: lists}).Prove(t.Context())
	var got []string
	for _, s := range seen {
		got = append(got, s.List.Zone+" "+string(s.Proof.Health))
	}
	if s := strings.Join(got, "\n"); s != "zen.dq.spamhaus.net alive\ndbl.spamhaus.org alive\npsbl.surriel.com dead" || own.Count() != 6 {
		t.Errorf("%d questions:\n%s", own.Count(), s)
	}
	out, err := json.Marshal(seen)
	if err != nil || strings.Contains(string(out), "s3cret") {
		t.Errorf("%v %s", err, out)
	}
}
