package explain

import (
	"slices"
	"strings"
	"testing"
)

func auth(t *testing.T, in string) Authentication {
	t.Helper()
	r, err := Explain([]byte(in))
	if err != nil || len(r.Authentication) == 0 {
		t.Fatalf("%q: %+v, %v", in, r, err)
	}
	return r.Authentication[0]
}

// Authentication-Results as receivers really write it, and what it means for DMARC.
func TestAuthenticationResultsAsReallyWritten(t *testing.T) {
	tests := []struct {
		name, in             string
		server, author, from string
		results              string // method=result domain/aligned ...
		conclusion           string // key of authTexts
		findings             string
	}{
		{
			"Gmail: only header.i names the signer, the policy is in a comment",
			"Authentication-Results: mx.google.com;\n dkim=pass header.i=@example.com header.s=s1 header.b=abcd;\n arc=pass (i=1 spf=pass);\n spf=pass (google.com: domain of b@mail.example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@mail.example.com;\n dmarc=pass (p=REJECT sp=NONE dis=NONE) header.from=example.com",
			"mx.google.com", "", "example.com", "dkim=pass example.com/yes arc=pass spf=pass mail.example.com/yes dmarc=pass example.com", "dmarc-pass", "dkim.pass spf.pass dmarc.pass",
		},
		{
			"Microsoft: no authserv-id, the SES default",
			"Authentication-Results: spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=ap-northeast-1.amazonses.com; dkim=pass (signature was verified)\n header.d=amazonses.com;dmarc=fail action=oreject\n header.from=example.jp;compauth=fail reason=000",
			"", "microsoft", "example.jp", "spf=pass ap-northeast-1.amazonses.com/no dkim=pass amazonses.com/no dmarc=fail example.jp compauth=fail example.jp", "dmarc-fail-ses", "spf.pass dkim.pass dmarc.fail-ses-default",
		},
		{
			"SPF passes for another domain than From",
			"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=bounce.service.example; dkim=none; dmarc=fail (p=none dis=none) header.from=example.com",
			"mx.example.net", "", "example.com", "spf=pass bounce.service.example/no dkim=none dmarc=fail example.com", "dmarc-fail-unaligned", "spf.pass dkim.none dmarc.fail-unaligned",
		},
		{
			"docomo: nothing passed",
			"Authentication-Results: mfsmax.docomo.ne.jp; spf=softfail smtp.mailfrom=a@example.com; dkim=fail (body hash did not verify) header.d=example.com; dmarc=fail header.from=example.com",
			"mfsmax.docomo.ne.jp", "", "example.com", "spf=softfail example.com/yes dkim=fail example.com/yes dmarc=fail example.com", "dmarc-fail", "spf.softfail dkim.body-hash-mismatch dmarc.fail",
		},
		{
			"Yahoo! JAPAN: from= as a part, DomainKeys, no DMARC",
			"Authentication-Results: mta001.mail.djm.ynwp.yahoo.co.jp  from=example.com; domainkeys=neutral (no sig); from=example.com; dkim=pass (ok)",
			"mta001.mail.djm.ynwp.yahoo.co.jp", "", "example.com", "domainkeys=neutral dkim=pass", "would-fail", "dkim.pass",
		},
		{
			"carried by SPF alone",
			"Authentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com; dkim=none; dmarc=pass header.from=example.com",
			"mx.example.net", "", "example.com", "spf=pass example.com/yes dkim=none dmarc=pass example.com", "dmarc-pass", "spf.pass dkim.none dmarc.pass dmarc.spf-only",
		},
		{
			"strict alignment",
			"Authentication-Results: mx.example.net; dkim=pass header.d=mail.example.com; dmarc=fail header.from=example.com",
			"mx.example.net", "", "example.com", "dkim=pass mail.example.com/yes dmarc=fail example.com", "dmarc-fail-strict", "dkim.pass dmarc.fail",
		},
		{
			"no From in the line",
			"Authentication-Results: mx.example.net; dkim=pass header.d=example.com",
			"mx.example.net", "", "", "dkim=pass example.com", "no-from", "dkim.pass",
		},
		{
			"From beside it",
			"Authentication-Results: mx.example.net; dkim=pass header.d=example.com\nFrom: Someone <a@example.com>",
			"mx.example.net", "", "example.com", "dkim=pass example.com/yes", "would-pass", "dkim.pass",
		},
		{
			"the filters of one server write a field each",
			"Authentication-Results: mx.example.net; dmarc=pass (p=none dis=none) header.from=example.com\nAuthentication-Results: mx.example.net; dkim=pass header.d=example.com\nAuthentication-Results: mx.example.net; spf=pass smtp.mailfrom=example.com",
			"mx.example.net", "", "example.com", "dmarc=pass example.com dkim=pass example.com/yes spf=pass example.com/yes", "dmarc-pass", "dkim.pass spf.pass dmarc.pass",
		},
		{
			"iCloud: a field and a name for each filter, a comment without space before it",
			"Authentication-Results: bimi.icloud.com; bimi=skipped reason=\"insufficient dmarc\"\nAuthentication-Results: dmarc.icloud.com; dmarc=pass(p=NONE) header.from=example.com\nAuthentication-Results: dkim-verifier.icloud.com; dkim=pass (2048-bit key) header.d=example.com header.i=@example.com\nAuthentication-Results: spf.icloud.com; spf=pass (spf.icloud.com: domain of b@bounce.service.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@bounce.service.example",
			"bimi.icloud.com", "", "example.com", "bimi=skipped dmarc=pass example.com dkim=pass example.com/yes spf=pass bounce.service.example/no", "dmarc-pass", "dkim.pass spf.pass dmarc.pass",
		},
		{
			"no record",
			"Authentication-Results: mx.example.net; dmarc=none header.from=example.com",
			"mx.example.net", "", "example.com", "dmarc=none example.com", "would-fail", "dmarc.none",
		},
		{
			"nothing was checked",
			"Authentication-Results: mx.example.net; none",
			"mx.example.net", "", "", "", "nothing", "",
		},
		{
			"unreadable",
			"Authentication-Results: mx.example.net; spf=pass (a comment that never ends",
			"", "", "", "", "unreadable", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := auth(t, tt.in)
			if a.Server != tt.server || a.Author != tt.author || a.FromDomain != tt.from {
				t.Errorf("server %q, author %q, from %q", a.Server, a.Author, a.FromDomain)
			}
			if got := resultWords(a); got != tt.results {
				t.Errorf("results %q", got)
			}
			if a.Conclusion.Text != authTexts[tt.conclusion] {
				t.Errorf("concluded: %s", a.Conclusion.In("en"))
			}
			if got := strings.Join(a.Findings, " "); got != tt.findings {
				t.Errorf("findings %q", got)
			}
			for _, lang := range []string{"en", "ja"} {
				for _, r := range a.Results {
					if s := r.Text.In(lang); s == "" || strings.Contains(s, "{") {
						t.Errorf("%s=%s: %q", r.Method, r.Result, s)
					}
				}
				if strings.Contains(a.Conclusion.In(lang), "{") {
					t.Errorf("conclusion %q", a.Conclusion.In(lang))
				}
			}
		})
	}
}

func resultWords(a Authentication) string {
	var out []string
	for _, r := range a.Results {
		s := r.Method + "=" + r.Result
		if r.Domain != "" {
			s += " " + r.Domain
		}
		if r.Aligned != nil {
			s += map[bool]string{true: "/yes", false: "/no"}[*r.Aligned]
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

// The whole text of a finding is given where all that it speaks of is known.
func TestFindingsOfHeadersAreWhole(t *testing.T) {
	r, err := Explain([]byte("Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=ap-northeast-1.amazonses.com; dkim=pass header.d=amazonses.com; dmarc=fail action=oreject header.from=example.jp;compauth=fail reason=000"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].ID != "dmarc.fail-ses-default" {
		t.Fatalf("%+v", r.Findings)
	}
	f := r.Findings[0]
	all := strings.Join(append(f.Steps("en"), f.Title("en"), f.Detail("en")), "\n")
	for _, s := range []string{"feedback-smtp.ap-northeast-1.amazonses.com", "bounce.example.jp", "p=reject"} {
		if !strings.Contains(all, s) {
			t.Errorf("%q is not in %s", s, all)
		}
	}
	// The term that decided SPF is not in the field: the ID alone is named.
	r, _ = Explain([]byte("Authentication-Results: mx.example.net; spf=fail smtp.mailfrom=example.com"))
	if len(r.Findings) != 0 || !slices.Contains(r.Authentication[0].Findings, "spf.fail") {
		t.Errorf("%+v", r.Findings)
	}
}

// The reason codes of compauth: those with a meaning of their own, and the families.
func TestCompauthReasons(t *testing.T) {
	for code, want := range map[string]string{
		"000": "quarantine or reject", "001": "no strict policy", "002": "forbids", "010": "own", "100": "passed", "109": "passed",
		"202": "soft pass", "301": "not checked", "451": "bypassed", "501": "genuine bounce", "601": "own", "701": "not enforced", "905": "bypassed",
	} {
		if got := compauthReason(code).EN; !strings.Contains(got, want) {
			t.Errorf("reason %s: %q", code, got)
		}
	}
	for _, code := range []string{"", "1", "8xx", "0000"} {
		if got := compauthReason(code).EN; got != "" {
			t.Errorf("reason %q: %q", code, got)
		}
	}
}

const header = `Return-Path: <news@bounce.example.com>
Received: by 2002:a05:6a00:1 with SMTP id x1; Mon, 2 Nov 2026 10:00:05 +0000 (UTC)
Received: from mail.example.com (mail.example.com. [198.51.100.7])
        by mx.google.com with ESMTPS id y1 (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
        Mon, 2 Nov 2026 10:00:04 +0000
Received-SPF: softfail (google.com: domain of transitioning news@bounce.example.com does not designate 198.51.100.7 as permitted sender) client-ip=198.51.100.7;
Authentication-Results: mx.google.com; dkim=pass header.i=@example.com header.s=s1; spf=softfail smtp.mailfrom=news@bounce.example.com; dmarc=pass (p=NONE) header.from=example.com
Received: from app (localhost [127.0.0.1]) by mail.example.com with ESMTP id z1; Mon, 2 Nov 2026 10:00:00 +0000
DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s1; h=From:To:Subject:
 List-Unsubscribe:List-Unsubscribe-Post; bh=x; b=y
From: News <news@example.com>
Subject: hello
List-Id: News <news.example.com>
List-Unsubscribe: <https://example.com/u?x=1>, <mailto:u@example.com>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
`

func TestHeaderBlock(t *testing.T) {
	r, err := Explain([]byte(header))
	if err != nil {
		t.Fatal(err)
	}
	if r.Kind != KindHeader || len(r.Hops) != 3 || len(r.ReceivedSPF) != 1 || len(r.Authentication) != 1 {
		t.Fatalf("%s, %d hops", r.Kind, len(r.Hops))
	}
	if h := r.Hops[1]; h.By != "mx.google.com" || h.IP.String() != "198.51.100.7" || !h.DelayKnown || h.Delay.Seconds() != 4 {
		t.Errorf("%+v", h)
	}
	if s := r.ReceivedSPF[0]; s.Result != "softfail" || s.Domain != "bounce.example.com" || s.IP != "198.51.100.7" || s.Server != "google.com" {
		t.Errorf("%+v", s)
	}
	if l := r.List; l == nil || !l.OneClick || !l.Signed || len(l.Unsubscribe) != 2 || l.Text.Text != listTexts["one-click"] {
		t.Errorf("%+v", l)
	}
	if want := "todoku verify message.eml --ip 198.51.100.7 --helo mail.example.com --mail-from news@bounce.example.com"; r.Command != want {
		t.Errorf("command %q", r.Command)
	}
}

// RFC 8058 sections 3 and 4: both fields, an HTTPS URI, and a signature over both.
func TestListFields(t *testing.T) {
	const head = "From: a@example.com\nSubject: x\n"
	for in, want := range map[string]string{
		"List-Unsubscribe: <https://x>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n": "one-click-unsigned",
		"List-Unsubscribe: <https://x>\n": "no-post",
		"List-Unsubscribe: <mailto:a@x>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n": "mailto",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n":                                 "post-alone",
		"List-Id: <x.example>\n": "none",
	} {
		r, err := Explain([]byte(head + in))
		if err != nil || r.List == nil || r.List.Text.Text != listTexts[want] {
			t.Errorf("%q: %+v, %v", in, r.List, err)
		}
	}
	if r, _ := Explain([]byte(head)); r.List != nil {
		t.Errorf("a list out of nothing: %+v", r.List)
	}
}

// Whoever sends a message can write such a field: it counts as a receiver's only where that
// receiver took the message.
func TestForgedAuthentication(t *testing.T) {
	const from = "From: a@example.com\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n"
	for name, c := range map[string]struct {
		in    string
		doubt bool
	}{
		"another receiver's":     {"Received: from x (x [192.0.2.1]) by mx.example.net; Mon, 2 Nov 2026 10:00:00 +0000\r\nAuthentication-Results: mx.google.com; spf=pass smtp.mailfrom=example.com\r\n" + from, true},
		"its own":                {"Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=example.com\r\nReceived: from x (x [192.0.2.1]) by smtp.google.com; Mon, 2 Nov 2026 10:00:00 +0000\r\n" + from, false},
		"another name of Apple":  {"Authentication-Results: spf.icloud.com; spf=pass smtp.mailfrom=example.com\r\nReceived: from x (x [192.0.2.1]) by p00.me.com; Mon, 2 Nov 2026 10:00:00 +0000\r\n" + from, false},
		"an inner name":          {"Authentication-Results: mx1.messagingengine.com; spf=pass smtp.mailfrom=example.com\r\nReceived: from x (x [192.0.2.1]) by mailmx.nyi.internal; Mon, 2 Nov 2026 10:00:00 +0000\r\n" + from, false},
		"no Received to tell by": {"Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=example.com\r\n" + from, false},
	} {
		r, err := Explain([]byte(c.in))
		if err != nil || len(r.Authentication) != 1 {
			t.Fatalf("%s: %v", name, err)
		}
		for lang, words := range map[string]string{"en": "Do not rely on it", "ja": "信頼しないで"} {
			if s := r.Authentication[0].Conclusion.In(lang); strings.Contains(s, words) != c.doubt {
				t.Errorf("%s: %s", name, s)
			}
		}
	}
	if r, err := Explain([]byte("Authentication-Results: mx.example.net; spf=; dkim\r\n")); err != nil || strings.Contains(r.Summary("en"), "checked nothing") {
		t.Errorf("a field without results: %v, %v", r, err)
	}
}
