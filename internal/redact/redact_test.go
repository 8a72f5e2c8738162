package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/message"
)

const mail = "From: =?UTF-8?B?5bGx55Sw5aSq6YOO?= (Taro Yamada) <taro.yamada@shop.example>\r\nTo: \"Suzuki, Hanako\" <hanako+news@client.example>\r\n" +
	"Subject: Invoice 20261126 for Hanako\r\n\r\nDear Hanako\r\n"

func masker() *Masker {
	return Of(message.Parse([]byte(mail)), evidence.Session{MailFrom: "bounce-77431@mail.shop.example", Recipients: []string{"k7m2p9@inbox.example"}})
}

// secrets must not be in what is shown.
var secrets = []string{"taro", "yamada", "山田", "太郎", "hanako", "suzuki", "invoice", "20261126", "77431", "k7m2p9", "t0ken"}

func leaks(text string) (out []string) {
	for _, s := range secrets {
		if strings.Contains(strings.ToLower(text), s) {
			out = append(out, s)
		}
	}
	return out
}

func TestText(t *testing.T) {
	k := masker()
	for in, want := range map[string]string{
		"From: Taro Yamada <taro.yamada@shop.example>":                                "From: ••• ••• <•••@shop.example>",
		"山田太郎 <taro.yamada@shop.example>":                                             "••• <•••@shop.example>",
		`"taro yamada"@shop.example`:                                                  "•••@shop.example",
		"smtp.mailfrom=bounce-77431@mail.shop.example; dkim=pass header.i=@a.example": "smtp.mailfrom=•••@mail.shop.example; dkim=pass header.i=@a.example",
		"SRS0=abc=tt=client.example=hanako@fwd.example":                               "•••@fwd.example",
		"hanako=client.example@lists.example":                                         "•••@lists.example",
		"<https://lists.example/unsub?u=hanako>":                                      "<https://lists.example/•••>",
		`POST https://lists.example/"u=t0ken`:                                         "POST https://lists.example/•••",
		"https://user:hanako@lists.example/x":                                         "https://lists.example/•••",
		"<mailto:leave-77431@lists.example?subject=hanako>":                           "<mailto:•••@lists.example>",
		"taro.yamada._spf.shop.example":                                               "•••.•••._spf.shop.example",
		"v=spf1 include:_spf.shop.example -all":                                       "v=spf1 include:_spf.shop.example -all",
		"192.0.2.1 is in 192.0.2.0/24":                                                "192.0.2.1 is in 192.0.2.0/24",
		"山田太郎様":                                                                       "•••様",
		"INVOICE-20261126":                                                            "•••-•••",
		"":                                                                            "",
	} {
		got := k.Text(in)
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		if l := leaks(got); l != nil {
			t.Errorf("%q shows %v", got, l)
		}
	}
}

// TestDomainsStay: a name that is also a label of the sender's domain does not take the domain away.
func TestDomainsStay(t *testing.T) {
	k := Of(message.Parse([]byte("From: Shop <shop@shop.example>\r\n\r\n")), evidence.Session{})
	if got := k.Text("Shop shop@shop.example shop.example"); got != "Shop •••@shop.example shop.example" {
		t.Errorf("%q", got)
	}
}

// TestTooManyWords: where not all can be looked for, nothing is shown.
func TestTooManyWords(t *testing.T) {
	var subject strings.Builder
	for i := range 3000 {
		subject.WriteString("w" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676%26)) + " ")
	}
	k := Of(message.Parse([]byte("Subject: "+subject.String()+"\r\n\r\n")), evidence.Session{})
	if got := k.Text("anything"); len(k.words) >= mostWords && got != Mask {
		t.Errorf("%d words, %q", len(k.words), got)
	}
}

// TestWideWords: names of scripts without spaces are found as they were written, whatever begins with what;
// more than can be looked for, or longer than is read, and all is masked.
func TestWideWords(t *testing.T) {
	of := func(header string) *Masker { return Of(message.Parse([]byte(header+"\r\n\r\n")), evidence.Session{}) }
	for header, texts := range map[string]map[string]string{
		"Subject: ABC商事 田中 田中太郎":                       {"ABC商事御中": "•••御中", "abc商事": Mask, "田中太郎様": "•••様", "田中様": "•••様"},
		"Subject: " + strings.Repeat("x ", readOf):     {"anything": Mask},
		"To: " + strings.Repeat("x@y.example, ", 2000): {"anything": Mask},
	} {
		for in, want := range texts {
			if got := of(header).Text(in); got != want {
				t.Errorf("%.30q: %q, want %q", in, got, want)
			}
		}
	}
	var many strings.Builder
	for i := range mostWords + 1 {
		many.WriteString(string(rune('一'+i)) + string(rune('一'+i/7)) + " ")
	}
	k := &Masker{words: map[string]bool{}, wide: map[string]bool{}}
	if k.add(k.words, many.String()); !k.all || len(k.wide) > mostWords {
		t.Errorf("%d words, all masked: %v", len(k.wide), k.all)
	}
}

// TestKept: nothing of the people is in a masked verdict; what it says, and what to publish, is.
func TestKept(t *testing.T) {
	text := func(s string) *string { return &s }
	v := &render.Kept{
		DMARC:     render.DMARCObject{Result: "fail", FromDomain: text("shop.example"), Record: text("v=DMARC1; rua=mailto:taro@shop.example")},
		SPF:       render.SPFObject{Result: "pass", Domain: text("mail.shop.example"), Explanation: text("taro"), Trace: []render.StepObject{{Target: text("taro.shop.example")}}},
		DKIM:      []render.DKIMObject{{Result: "pass", Identity: text("taro.yamada@shop.example"), Reason: text("signed for Taro Yamada")}},
		ARC:       render.ARCObject{Sets: []render.SetObject{{Claims: text("mx.example; spf=pass smtp.mailfrom=bounce-77431@mail.shop.example")}}},
		Headlines: map[string]render.Headline{"en": {Status: "fail", Title: "This invoice of words stays: shop.example"}},
		Findings: []catalogue.Finding{{
			ID: "list.x", Status: catalogue.Fail, Subject: "shop.example", Args: map[string]string{"uri": "https://shop.example/u/hanako"}, Evidence: []string{"List-Unsubscribe: <mailto:hanako@shop.example>", "Hanako Suzuki", "List-Unsubscribe: <www.shop.example/u/t0ken>, <ftp://shop.example/t0ken>, https://shop.example/u t0ken", "List-Id: t0ken"},
			DNS: []dns.Change{{Action: dns.Add, Name: "_dmarc.shop.example", Type: dns.TypeTXT, Data: []string{"v=DMARC1; p=none; rua=mailto:postmaster@shop.example"}}},
		}},
	}
	before, _ := json.Marshal(v)
	got, err := masker().Kept(v)
	if err != nil {
		t.Fatal(err)
	}
	shown := *got
	shown.Headlines, shown.DMARC.Record = nil, nil // our own words, and the public DNS
	b, _ := json.Marshal(shown)
	if l := leaks(string(b)); l != nil {
		t.Errorf("it shows %v: %s", l, b)
	}
	if got.Headlines["en"].Title != v.Headlines["en"].Title || *got.DMARC.FromDomain != "shop.example" || got.Findings[0].ID != "list.x" ||
		got.Findings[0].DNS[0].Data[0] != v.Findings[0].DNS[0].Data[0] || *got.DMARC.Record != *v.DMARC.Record {
		t.Errorf("too much is masked: %+v", got)
	}
	if after, _ := json.Marshal(v); string(after) != string(before) {
		t.Error("the verdict itself was changed")
	}
}

// FuzzText: whatever stands around it, an address of the message loses its local part, and masking twice is masking once.
func FuzzText(f *testing.F) {
	f.Add("From: x <", "> y")
	f.Add("a=b@c", "\xff")
	f.Add("https://h/", "?")
	f.Add(`"`, `"`)
	f.Fuzz(func(t *testing.T, before, after string) {
		k := masker()
		got := k.Text(before + " taro.yamada@shop.example " + after)
		if strings.Contains(got, "taro.yamada@") {
			t.Errorf("%q", got)
		}
		if again := k.Text(got); again != got {
			t.Errorf("%q, then %q", got, again)
		}
	})
}
