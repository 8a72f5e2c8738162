package fetch

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/wire/https"
)

// inward answers every address question with addresses of this machine and its
// neighbours, in all their disguises.
type inward struct{}

func (inward) Resolve(_ context.Context, q dns.Question) dns.Answer {
	addrs := []string{"127.0.0.1", "169.254.169.254", "10.0.0.1", "0.0.0.0", "100.100.100.200"}
	if q.Type == dns.TypeAAAA {
		addrs = []string{"::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1",
			"2001:0:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe", "fd00:ec2::254", "fe80::1", "::ffff:0:7f00:1", "2600::5efe:127.0.0.1", "2600::200:5efe:10.0.0.1"}
	}
	a := dns.Answer{Question: q, Status: dns.Success}
	for _, s := range addrs {
		a.Records = append(a.Records, dns.Record{Name: q.Name, Type: q.Type, Addr: netip.MustParseAddr(s)})
	}
	return a
}

// TestAttackURLs: no writing of a URL leads inwards, to another port or to a user.
func TestAttackURLs(t *testing.T) {
	client := NewClient(NewDialer(Config{Resolver: inward{}}), HTTPConfig{MaxRedirects: 3, PlainHTTP: true})
	want := []string{https.FetchBadURL, https.FetchRefusedAddr, https.FetchNoAddress, https.FetchDNS}
	for _, url := range []string{
		"https://www.example.com/", "https://localhost/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/",
		"https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[fe80::1%25eth0]/", "https://[::]/", "https://[64:ff9b::7f00:1]/",
		"https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://www.example.com:25/", "http://www.example.com:443/", "https://www.example.com:80/", "http://www.example.com:25/",
		"https://www.example.com@127.0.0.1/", "https://a:b@www.example.com/", "https://@www.example.com/", "https://127.0.0.1:443#@www.example.com/", "https://127.0.0.1\\@www.example.com/",
		"file:///etc/passwd", "gopher://127.0.0.1:25/_x", "ftp://www.example.com/", "//www.example.com/", "https:www.example.com", "https:///etc", "javascript:1", "data:,x",
		"https://www.example.com\r\nX: y/", "https://www.example.com:65979/", "https://www.example.com:-1/", "https://www.example.com.:443/", "https://%31%32%37.0.0.1/", "",
	} {
		d := client.Get(t.Context(), url)
		if !slices.Contains(want, d.Problem) || d.Status != 0 {
			t.Errorf("%q: %q, %s", url, d.Problem, d.Detail)
		}
	}
}

// TestAttackRequest: a request made by hand is looked at too.
func TestAttackRequest(t *testing.T) {
	client := NewClient(NewDialer(Config{Resolver: inward{}}), HTTPConfig{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://www.example.com:25/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := client.Do(req); err == nil || Problem(err) != https.FetchBadURL {
		if err == nil {
			resp.Body.Close()
		}
		t.Errorf("%v", err)
	}
}
