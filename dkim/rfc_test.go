package dkim

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// TestRFC6376AppendixA verifies the signed email of appendix A.2 with the key of
// appendix C. The RFC's formatter doubled the space behind "game.": its bh=, which is
// that of RFC 8463 appendix A.3 too, is of one space.
func TestRFC6376AppendixA(t *testing.T) {
	const key = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
	signed := crlfLines(`DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`)
	r := dns.MustMemory(dns.Zone{"brisbane._domainkey.example.com": {"TXT " + key}})
	v := expect(t, r, signed, Options{}, Pass, "")
	if v.Signature.Identity != "joe@football.example.com" || v.Signature.Canonicalization() != "simple/simple" || v.KeyBits != 1024 {
		t.Errorf("%+v", v.Signature)
	}
	// Appendix A.3: a trace field was added above; the one that is signed is the lowest.
	expect(t, r, "Received: from mout23.football.example.com (192.168.1.1)\r\n  by shopping.example.net with SMTP\r\n"+signed, Options{}, Pass, "")
}

func crlfLines(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
