package render

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/explain"
)

// The inputs that the golden files of `explain` show.
var explained = map[string]string{
	"explain.gmail": "550-5.7.26 This mail has been blocked because the sender is unauthenticated.\r\n" +
		"550-5.7.26 DKIM = did not pass SPF [example.com] with ip: [192.0.2.1] = did not\r\n550 5.7.26 pass x1-20020a17si2.3 - gsmtp",
	"explain.ses": "Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=ap-northeast-1.amazonses.com; dkim=pass (signature was verified) header.d=amazonses.com;dmarc=fail action=oreject header.from=example.jp;compauth=fail reason=000",
	"explain.log": "Nov  2 10:00:00 mx postfix/smtp[1]: A: to=<a@docomo.ne.jp>, relay=mfsmax.docomo.ne.jp[192.0.2.5]:25, dsn=5.0.0, status=bounced (host mfsmax.docomo.ne.jp[192.0.2.5] said: 550 Unknown user a@docomo.ne.jp (in reply to end of DATA command))\n" +
		"Nov  2 10:00:01 mx postfix/smtp[1]: B: to=<b@example.com>, relay=mx.example.com[192.0.2.9]:25, dsn=5.7.1, status=bounced (host mx.example.com[192.0.2.9] said: 550 5.7.1 [198.51.100.7] blocked using zen.spamhaus.org (in reply to RCPT TO command))\n" +
		"Nov  2 10:00:02 mx postfix/smtp[1]: C: to=<c@example.net>, relay=mx.example.net[192.0.2.8]:25, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as D)\n",
	"explain.code":     "550 5.7.26",
	"explain.disagree": "421 5.7.32 The From header isn't aligned. x1 - gsmtp",
	"explain.spf":      "Received-SPF: softfail (google.com: domain of transitioning a@example.com does not designate 198.51.100.7 as permitted sender) client-ip=198.51.100.7;",
	"explain.header": "Received: from mail.example.com (mail.example.com. [198.51.100.7]) by mx.google.com with ESMTPS id y1 (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256); Mon, 2 Nov 2026 10:00:04 +0000\n" +
		"Authentication-Results: mx.google.com; dkim=pass header.i=@example.com header.s=s1; spf=softfail smtp.mailfrom=news@bounce.example.com; dmarc=pass (p=NONE) header.from=example.com\n" +
		"Received: from app (localhost [127.0.0.1]) by mail.example.com with ESMTP id z1; Mon, 2 Nov 2026 10:00:00 +0000\nFrom: News <news@example.com>\nSubject: hello\nList-Id: News <news.example.com>\nList-Unsubscribe: <https://example.com/u>\n",
}

func explanation(t *testing.T, name string) *explain.Result {
	t.Helper()
	r, err := explain.Explain([]byte(explained[name]))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestExplainText(t *testing.T) {
	for name := range explained {
		for _, lang := range []string{"en", "ja"} {
			var b bytes.Buffer
			if err := ExplainText(&b, explanation(t, name), TextOptions{Lang: lang}); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+lang+".txt", b.Bytes())
		}
	}
}

func TestExplainJSON(t *testing.T) {
	for _, name := range []string{"explain.gmail", "explain.ses", "explain.header"} {
		b, err := json.MarshalIndent(Explain(explanation(t, name), "en"), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".en.json", append(b, '\n'))
	}
}

// Nothing of the input can move the cursor.
func TestExplainTextIsPrintable(t *testing.T) {
	r, err := explain.Explain([]byte("550 5.7.999 \x1b[2Jno\x07 \u202egnp <a\x1b@example.com>"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := ExplainText(&b, r, TextOptions{Lang: "en"}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
		t.Errorf("%q", b.String())
	}
}

func TestExplainLabels(t *testing.T) {
	for k, x := range explainLabels {
		if x.EN == "" || x.JA == "" {
			t.Errorf("%s: a language is missing", k)
		}
	}
}
