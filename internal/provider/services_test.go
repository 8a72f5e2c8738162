package provider

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
)

// generic selectors are used by many: none of them names a service.
var generic = strings.Fields("default dkim mail email mx k1 k2 k3 s1 s2 selector1 selector2 key1 smtp api pm 20230601 20251201 sig1 m1 test a")

func TestServicesComplete(t *testing.T) {
	if n := len(services().all); n != 137 {
		t.Errorf("%d services", n)
	}
	if _, err := time.Parse(time.DateOnly, services().compiled); err != nil {
		t.Error(err)
	}
	seen := make(map[string]bool)
	kinds := []ServiceKind{Mailbox, Hosting, ESP, Marketing, CRM, Helpdesk, App, Gateway, Forwarder, SPFHosting}
	for _, s := range services().all {
		t.Run(s.ID, func(t *testing.T) {
			if seen[s.ID] || s.Name == "" || !slices.Contains(kinds, s.Kind) || len(s.Sources) == 0 {
				t.Errorf("%+v", s)
			}
			seen[s.ID] = true
			if _, ok := serviceByID(s.RidesOn); s.RidesOn != "" && !ok {
				t.Errorf("no service %s", s.RidesOn)
			}
			for _, suffix := range s.spf {
				if suffix != dns.CanonicalName(suffix) || !dns.ValidName(suffix) || IncludeNeverExisted(suffix) {
					t.Errorf("SPF suffix %q", suffix)
				}
			}
			for _, sel := range s.Selectors {
				if !dns.ValidName(sel + "._domainkey.example.com") {
					t.Errorf("selector %q", sel)
				}
			}
			for _, m := range s.dkim {
				if m.target == nil && m.selector == nil || m.distinctive && m.selector == nil || m.both && (m.target == nil || m.selector == nil) {
					t.Errorf("DKIM matcher %+v", m)
				}
			}
			if s.Note != (catalogue.Text{}) {
				twoLanguages(t, s.Note)
			}
			if s.Advice != nil {
				s.Advice.complete(t)
			}
		})
	}
}

func (a Advice) complete(t *testing.T) {
	t.Helper()
	braces := regexp.MustCompile(`\{[a-z0-9-]*\}`)
	for _, text := range append([]catalogue.Text{a.SPF, a.DKIM}, a.Steps...) {
		twoLanguages(t, text)
		en, ja := braces.FindAllString(text.EN, -1), braces.FindAllString(text.JA, -1)
		slices.Sort(en)
		slices.Sort(ja)
		if d := cmp.Diff(slices.Compact(en), slices.Compact(ja)); d != "" {
			t.Errorf("placeholders of %q: %s", text.EN, d)
		}
	}
	if len(a.Steps) == 0 {
		t.Error("no steps")
	}
	for _, r := range a.Records {
		if _, err := dns.ParseType(r.Type); err != nil || r.Name == "" || r.Data == "" {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// The services that matter most have advice of their own.
func TestAdvice(t *testing.T) {
	for _, id := range strings.Fields(`amazon_ses google_workspace microsoft_365 sendgrid mailgun postmark sparkpost brevo
		mailchimp hubspot zoho_mail sakura xserver conoha_wing onamae valueserver lolipop heteml`) {
		if s, ok := serviceByID(id); !ok || s.Advice == nil {
			t.Errorf("%s has no advice", id)
		}
	}
	ses, _ := serviceByID("amazon_ses")
	want := []RecordTemplate{
		{"{bounce}", "MX", "10 feedback-smtp.{region}.amazonses.com."},
		{"{bounce}", "TXT", "v=spf1 include:amazonses.com ~all"},
		{"{token}._domainkey.{domain}", "CNAME", "{token}.dkim.amazonses.com."},
	}
	if d := cmp.Diff(want, ses.Advice.Records); d != "" || ses.SPFAligned != NeedsSetup {
		t.Errorf("%s: %s", ses.SPFAligned, d)
	}
}

func TestRecognise(t *testing.T) {
	key := func(selector, target string) Signals { return Signals{DKIM: []DKIMSignal{{selector, target}}} }
	spf := func(names ...string) Signals { return Signals{SPF: names} }
	const token = "abcdefghijklmnopqrstuvwxyz234567"
	for _, tt := range []struct {
		name string
		s    Signals
		want string // "id by,by"
	}{
		{"an include", spf("_spf.google.com"), "google_workspace spf"},
		{"in capitals, with the final dot", spf("_SPF.Google.COM."), "google_workspace spf"},
		{"beneath the name", spf("u123.wl.sendgrid.net"), "sendgrid spf"},
		{"only on a label boundary", spf("notsendgrid.net", "sendgrid.net.example"), ""},
		{"the longest suffix", spf("spf.has.pphosted.com"), "proofpoint spf"},
		{"a macro before it", spf("%{i}._ip.%{h}._ehlo.%{d}._spf.vali.email"), "valimail spf"},
		{"SES, not its resellers", spf("amazonses.com"), "amazon_ses spf"},
		{"Microsoft, not Azure", spf("spf.protection.outlook.com"), "microsoft_365 spf"},
		{"an old include of Microsoft's", spf("spf-a.outlook.com"), "microsoft_365 spf"},
		{"a portal's own include", spf("12345.spf05.hubspotemail.net"), "hubspot spf"},
		{"Sakura by its host", Signals{SPFHosts: []string{"www1234.sakura.ne.jp"}}, "sakura spf"},
		{"Xserver", Signals{SPFHosts: []string{"sv123.xserver.jp"}, SPF: []string{"spf.sender.xserver.jp"}}, "xserver spf,spf"},
		{"Lolipop and heteml", spf("_spf.lolipop.jp", "_spf.heteml.jp"), "lolipop spf; heteml spf"},

		{"a CNAME target", key("s1", "s1.domainkey.u123.wl456.sendgrid.net"), "sendgrid dkim"},
		{"a CNAME target beats the selector", key("mandrill", "s1.domainkey.u123.wl456.sendgrid.net"), "sendgrid dkim"},
		{"a selector that points elsewhere", key("mandrill", "dkim.example.net"), ""},
		{"k1 of Mailchimp", key("k1", "dkim.mcsv.net"), "mailchimp dkim"},
		{"k1 of nobody", key("k1", ""), ""},
		{"Microsoft's old form", key("selector1", "selector1-example-com._domainkey.contoso.onmicrosoft.com"), "microsoft_365 dkim"},
		{"Microsoft's new form", key("selector2", "selector2-example-com._domainkey.contoso.r-v1.dkim.mail.microsoft"), "microsoft_365 dkim"},
		{"Easy DKIM", key(token, token+".dkim.amazonses.com"), "amazon_ses dkim"},
		{"Easy DKIM in a region", key(token, token+".dkim.eu-south-1.amazonses.com"), "amazon_ses dkim"},
		{"a token alone", key(token, ""), ""},
		{"a distinctive selector", key("20240102030405pm", ""), "postmark dkim"},
		{"the selector google", key("google", ""), "google_workspace dkim"},
		{"Gorgias rides on SendGrid", key("gor", "gor.domainkey.u123.wl456.sendgrid.net"), "gorgias dkim"},

		{"MX of Google", Signals{MX: []string{"smtp.google.com", "ALT1.ASPMX.L.GOOGLE.COM."}}, "google_workspace mx,mx"},
		{"MX of Microsoft's new form", Signals{MX: []string{"example-com.k-v1.mx.microsoft"}}, "microsoft_365 mx"},
		{"an MX that only looks like it", Signals{MX: []string{"smtp.google.com.example"}}, ""},
		{"a text proves ownership, not sending", Signals{TXT: []string{"google-site-verification=abc", "v=spf1 -all"}}, "google_workspace txt"},
		{"the default envelope of SES", Signals{ReturnPaths: []string{"eu-west-1.amazonses.com"}}, "amazon_ses return-path"},
		{"a custom MAIL FROM", Signals{ReturnPaths: []string{"feedback-smtp.us-east-1.amazonses.com"}}, "amazon_ses return-path"},
		{"pm-bounces", Signals{ReturnPaths: []string{"pm.mtasv.net"}}, "postmark return-path"},
		{"delegation", Signals{NS: []string{"ns.vali.email"}}, "valimail ns"},
		{
			"those that send first", Signals{TXT: []string{"MS=ms123"}, MX: []string{"aspmx.l.google.com"}, SPF: []string{"spf.brevo.com"}},
			"brevo spf; google_workspace mx; microsoft_365 txt",
		},
		{"nothing", Signals{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, r := range Recognise(tt.s) {
				var by []string
				for _, e := range r.By {
					by = append(by, e.Kind)
				}
				got = append(got, r.Service.ID+" "+strings.Join(by, ","))
				if r.Sends() != (strings.Contains(strings.Join(by, ","), "spf") || slices.Contains(by, "dkim") || slices.Contains(by, "return-path")) || r.Receives() != slices.Contains(by, "mx") {
					t.Errorf("%v sends %v, receives %v", by, r.Sends(), r.Receives())
				}
			}
			if d := cmp.Diff(tt.want, strings.Join(got, "; ")); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestGenericSelectorsNameNobody(t *testing.T) {
	for _, s := range generic {
		if got := Recognise(Signals{DKIM: []DKIMSignal{{Selector: s}}}); len(got) != 0 {
			t.Errorf("%s is taken for %s", s, got[0].Service.Name)
		}
	}
}

func TestIncludesThatNeverExisted(t *testing.T) {
	for name, want := range map[string]bool{
		"_spf.mimecast.com": true, "_SPF.Marketo.com.": true, "_spf.pphosted.com": true, "spf.barracudanetworks.com": true,
		"freshemail.io": true, "_spf.intuit.com": true, "_spf.google.com": false,
	} {
		if got := IncludeNeverExisted(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Signals are bounded, and hostile ones do no harm.
func FuzzRecognise(f *testing.F) {
	f.Add("_spf.google.com", "s1", "s1.domainkey.u1.wl1.sendgrid.net", "MS=ms1")
	f.Add("....", "\xff", ".", strings.Repeat("a.", 500))
	f.Fuzz(func(t *testing.T, include, selector, target, text string) {
		many := make([]string, MaxSignals+10)
		for i := range many {
			many[i] = text
		}
		got := Recognise(Signals{
			SPF: []string{include}, SPFHosts: []string{include}, DKIM: []DKIMSignal{{selector, target}},
			MX: []string{target}, TXT: many, ReturnPaths: []string{target}, NS: []string{target},
		})
		for _, r := range got {
			if len(r.By) == 0 || len(r.By) > MaxSignals+6 {
				t.Errorf("%s by %d signals", r.Service.ID, len(r.By))
			}
		}
	})
}

func serviceByID(id string) (Service, bool) {
	i := slices.IndexFunc(services().all, func(s Service) bool { return s.ID == id })
	if i < 0 {
		return Service{}, false
	}
	return services().all[i], true
}
