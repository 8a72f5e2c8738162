package message

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/todoku/todoku/internal/testcorpus"
)

// receivedDiffers are the cases where we read something else than mail-parser
// expects, each with the reason.
var receivedDiffers = map[string]string{
	"2 iprev":  "we drop the final dot",
	"6 tls":    "a comment with AUTH and TLS: we note the version only",
	"13 date":  asctime,
	"28 id":    "the corpus cuts the id at its slash",
	"29 id":    "the corpus cuts the id at its slash",
	"30 id":    "the corpus cuts the id at its slash",
	"54 iprev": "a name in angle brackets is not taken for a host",
	"67 date":  zoneName,
	"78 tls":   "the cipher stands behind a comma in a form of its own",
	"89 date":  "RFC 5322 section 4.3: the year 03 is 2003",
	"90 date":  "RFC 5322 section 4.3: the year 04 is 2004",
	"117 date": asctime,
	"118 date": asctime,
	"123 by":   "two by clauses: we keep the first",
	"125 from": "the corpus cuts the name at its slash",
	"128 for":  "a for clause behind the date",
	"128 date": "the same; and the year 03",
	"138 date": "an underscore before the date",
	"144 date": "fractions of a second are no RFC 5322",
	"151 date": asctime,
	"155 tls":  "cut in the middle of a word",
	"163 date": zoneName,
	"165 from": "'invoked from network' names no host",
	"171 from": "'from userid 1002' names no host",
}

const (
	asctime  = "the form of asctime(3), which the corpus reads as a nonsense date"
	zoneName = "RFC 5322 section 4.3 gives PST and PDT an offset; the corpus reads them as UTC"
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
	for i, c := range cases {
		r := ParseReceived(NewField([]byte("Received: " + strings.NewReplacer("\r\n", "\r\n", "\n", "\r\n").Replace(c.Header))).Unfolded())
		e := c.Expected
		diff := func(what, got, want string) {
			if strings.EqualFold(got, want) == (receivedDiffers[fmt.Sprint(i, " ", what)] != "") {
				t.Errorf("%d %s: got %q, corpus %q in %q", i, what, got, want, c.Header)
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
		if e.TLSCipher != "" {
			got := r.TLS
			if strings.Contains(got, e.TLSCipher) {
				got = e.TLSCipher
			}
			diff("tls", got, e.TLSCipher)
		}
		if e.Date != nil {
			d, err := ParseDate(r.Date)
			diff("date", fmt.Sprint(d.UTC(), err), fmt.Sprint(e.Date.time().UTC(), nil))
		}
	}
	if len(cases) != 181 {
		t.Errorf("%d cases", len(cases))
	}
}

func TestParseReceived(t *testing.T) {
	for name, tt := range map[string]struct {
		in   string
		want Received
	}{
		"Postfix": {
			"from mail.example.com (mail.example.com [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519) (No client certificate requested) by mx.example.net (Postfix) with ESMTPS id 4XyZ for <u@example.net>; Tue, 1 Jul 2003 10:52:37 +0200 (CEST)",
			Received{From: "mail.example.com", FromHost: "mail.example.com", FromIP: netip.MustParseAddr("192.0.2.1"), By: "mx.example.net", With: "ESMTPS", ID: "4XyZ", For: "u@example.net", TLS: "TLSv1.3 TLS_AES_256_GCM_SHA384", Date: "Tue, 1 Jul 2003 10:52:37 +0200 (CEST)"},
		},
		"Postfix, unknown client, IPv6": {
			"from localhost (unknown [IPv6:2001:db8::1]) by mx.example.net (Postfix) with ESMTP id 1; Tue, 1 Jul 2003 10:52:37 +0200",
			Received{From: "localhost", FromIP: netip.MustParseAddr("2001:db8::1"), By: "mx.example.net", With: "ESMTP", ID: "1", Date: "Tue, 1 Jul 2003 10:52:37 +0200"},
		},
		"Exim": {
			"from rev.example.com ([192.0.2.1]:4711 helo=mail.example.com) by mx.example.net with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.96) (envelope-from <a@example.com>) id 1abc-0001-2d for u@example.net; Tue, 01 Jul 2003 10:52:37 +0200",
			Received{From: "mail.example.com", FromHost: "rev.example.com", FromIP: netip.MustParseAddr("192.0.2.1"), By: "mx.example.net", With: "esmtps", ID: "1abc-0001-2d", For: "u@example.net", TLS: "TLS1.3 TLS_AES_256_GCM_SHA384", Date: "Tue, 01 Jul 2003 10:52:37 +0200"},
		},
		"Sendmail": {
			"from mail.example.com (root@rev.example.com [192.0.2.1] (may be forged)) by mx.example.net (8.17.1/8.17.1) with ESMTPS id abc (version=TLSv1.3 cipher=TLS_AES_128_GCM_SHA256 bits=128 verify=NOT); Tue, 1 Jul 2003 10:52:37 +0200",
			Received{From: "mail.example.com", FromHost: "rev.example.com", FromIP: netip.MustParseAddr("192.0.2.1"), By: "mx.example.net", With: "ESMTPS", ID: "abc", TLS: "TLSv1.3 TLS_AES_128_GCM_SHA256", Date: "Tue, 1 Jul 2003 10:52:37 +0200"},
		},
		"Gmail": {
			"from mail.example.com (mail.example.com. [2001:db8::1]) by mx.google.com with ESMTPS id a-1si for <u@gmail.com> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256); Tue, 01 Jul 2003 01:52:37 -0700 (PDT)",
			Received{From: "mail.example.com", FromHost: "mail.example.com", FromIP: netip.MustParseAddr("2001:db8::1"), By: "mx.google.com", With: "ESMTPS", ID: "a-1si", For: "u@gmail.com", TLS: "TLS1_3 TLS_AES_256_GCM_SHA384", Date: "Tue, 01 Jul 2003 01:52:37 -0700 (PDT)"},
		},
		"Exchange": {
			"from A.example.com (2603:10a6:20b:42f::6) by B.example.com (2603:10a6:102:211::16) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7362.18; Tue, 1 Jul 2003 08:52:37 +0000",
			Received{From: "A.example.com", FromIP: netip.MustParseAddr("2603:10a6:20b:42f::6"), By: "B.example.com", With: "Microsoft SMTP Server", ID: "15.20.7362.18", TLS: "TLS1_2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", Date: "Tue, 1 Jul 2003 08:52:37 +0000"},
		},
		"qmail": {
			"from rev.example.com (HELO mail.example.com) (192.0.2.1) by mx.example.net with SMTP; 1 Jul 2003 08:52:37 -0000",
			Received{From: "mail.example.com", FromHost: "rev.example.com", FromIP: netip.MustParseAddr("192.0.2.1"), By: "mx.example.net", With: "SMTP", Date: "1 Jul 2003 08:52:37 -0000"},
		},
		"nonsense": {"by by by ((((; ; from", Received{}},
		"empty":    {"", Received{}},
	} {
		tt.want.Raw = tt.in
		if d := cmp.Diff(tt.want, ParseReceived(tt.in), cmpopts.EquateComparable(netip.Addr{})); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestReceivedsAreBounded(t *testing.T) {
	m := Parse([]byte(strings.Repeat("Received: from a.example by b.example; 1 Jul 2003 08:52:37 -0000\r\n", 300) +
		"\r\n"))
	if n := len(m.Receiveds()); n != 100 {
		t.Errorf("%d", n)
	}
	if r := ParseReceived("from " + strings.Repeat("x", 1<<20)); len(r.Raw) > 8<<10 {
		t.Errorf("reads %d octets of one field", len(r.Raw))
	}
}

// TestReceivedOtherLetters: a letter whose lower-case form has another length is no reason to
// miscount.
func TestReceivedOtherLetters(t *testing.T) {
	for _, helo := range []string{"ȺȺȺȺȺȺȺȺ", "İİİİİİİİ", "\xff\xff\xff\xff.example"} {
		r := ParseReceived("from x.example (HELO=" + helo + " [192.0.2.1]) by y.example; 1 Jul 2003 08:52:37 -0000")
		if r.From != helo {
			t.Errorf("%q: HELO %q", helo, r.From)
		}
	}
}

func FuzzParseReceived(f *testing.F) {
	f.Add("from a (helo=ȺȺȺȺȺȺȺȺ x) by b; x")
	f.Add("from a.example (b.example [192.0.2.1]) by c.example with ESMTPS (version=TLS1_3 cipher=X) id 1 for <u@c.example>; 1 Jul 2003 08:52:37 -0000")
	f.Add("from [192.0.2.1] (HELO x) ([IPv6:::1%6]:25) by")
	f.Add("(from a@[127.0.0.1]) by ((;)); ;")
	f.Fuzz(func(t *testing.T, s string) {
		r := ParseReceived(s)
		if !strings.HasPrefix(s, r.Raw) || len(r.TLS) > 2*maxReceivedSize {
			t.Errorf("%+v", r)
		}
		for _, part := range []string{r.From, r.FromHost, r.By, r.ID, r.For, r.Date} {
			if !strings.Contains(strings.ToLower(s), strings.ToLower(part)) && strings.ToValidUTF8(s, "") == s {
				t.Errorf("%q does not stand in %q", part, s)
			}
		}
	})
}
