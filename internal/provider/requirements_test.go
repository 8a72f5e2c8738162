package provider

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/internal/catalogue"
)

// planned are finding IDs that requirements speak of and no inspector gives yet.
var planned = []string{
	"dns.no-soa", "dns.unresolvable", "list.mailto-only", "list.no-visible-unsubscribe", "list.one-click", "list.one-click-missing",
	"list.one-click-unsigned", "list.unsubscribe-invalid", "list.unsubscribe-missing", "list.visible-unsubscribe", "message.display-name",
	"message.false-reply", "message.feedback-id", "message.freemail-from", "message.hidden-content", "message.mixed-script", "mta-sts.none",
	"ptr.dynamic", "ptr.generic", "service.ses-unaligned", "spf.record", "tls-rpt.none",
	// in the catalogues of inspectors that are on their way
	"dmarc.record", "dmarc.inherited", "dmarc.no-reports", "dmarc.wrong-name", "dmarc.unrecognised", "dmarc.cname-broken",
}

func TestRequirementsComplete(t *testing.T) {
	date := regexp.MustCompile(`^20\d\d(-\d\d(-\d\d)?)?$`)
	seen := make(map[string]bool)
	for _, r := range Requirements() {
		t.Run(r.ID, func(t *testing.T) {
			if seen[r.ID] || r.Provider == "" || r.Source == "" || !date.MatchString(r.AsOf) {
				t.Errorf("%+v", r)
			}
			seen[r.ID] = true
			for _, d := range []string{r.Since, r.Removed} {
				if d != "" && !date.MatchString(d) {
					t.Errorf("%q is no date", d)
				}
			}
			twoLanguages(t, r.Text)
			if !slices.Contains([]Audience{Everybody, BulkSenders, Marketers, Forwarders, Customers, Providers}, r.Audience) ||
				!slices.Contains([]Level{Must, Should, Note}, r.Level) ||
				!slices.Contains([]Effect{NoEffect, Rejects, Defers, Junks, Warns, NoSupport}, r.Effect) ||
				!slices.Contains([]Observe{InMessage, InDomain, InReports, Nowhere}, r.Observe) {
				t.Errorf("audience %q, level %q, effect %q, observe %q", r.Audience, r.Level, r.Effect, r.Observe)
			}
			if judged := !r.FailsOn.Empty(); judged == (r.Observe == Nowhere) {
				t.Error("it is judged and cannot be seen, or neither")
			}
			if r.Observe == Nowhere || r.Reason != (catalogue.Text{}) {
				twoLanguages(t, r.Reason)
			}
			for _, id := range append(r.FailsOn.IDs(), r.PassesOn.IDs()...) {
				_, known := catalogue.Lookup(id)
				area, whole := strings.CutSuffix(id, ".*")
				if !known && !(whole && slices.Contains(catalogue.Areas, area)) && !slices.Contains(planned, id) {
					t.Errorf("no finding %s", id)
				}
			}
		})
	}
}

// The requirements that this project set out to judge, one by one.
func TestEveryRequirementIsThere(t *testing.T) {
	want := strings.Fields(`
gmail-scope gmail-all-auth gmail-all-ptr gmail-all-ptr-own gmail-all-tls gmail-all-spam-rate gmail-all-5322
gmail-all-no-gmail-from gmail-all-from-single gmail-all-msgid gmail-all-single-hdr gmail-all-hdr-size
gmail-all-attachment gmail-all-html gmail-all-honest gmail-all-displayname gmail-all-idn gmail-all-dkim-key gmail-all-blocklist
gmail-all-spf-include-all gmail-bulk-definition gmail-bulk-spf-dkim gmail-bulk-dmarc gmail-bulk-align
gmail-bulk-spam-rate gmail-bulk-oneclick gmail-bulk-visible-unsub gmail-bulk-unsub-48h gmail-bulk-feedback-id
gmail-bulk-no-mix gmail-bulk-new-domain gmail-enforce-2025-11 gmail-rate-quota gmail-rampup gmail-forward-srs
gmail-arc-removed gmail-dmarc-reporting yahoo-all-auth yahoo-all-spam yahoo-all-ptr yahoo-all-5322
yahoo-bulk-auth yahoo-bulk-dmarc yahoo-bulk-spam-rate yahoo-bulk-unsub yahoo-bulk-2days yahoo-all-dns
yahoo-multi-dkim yahoo-arc yahoo-cfl yahoo-no-threshold ms-scope ms-bulk-spf ms-bulk-dkim ms-bulk-dmarc
ms-reply-to ms-unsub ms-hygiene ms-conn-limit ms-rdns ms-no-mining ms-5xx-noretry ms-5000-domain ms-snds-url
apple-bulk-auth apple-bulk-ptr apple-bulk-optin apple-bulk-unsub apple-bulk-arc apple-bulk-5322 apple-no-fbl
docomo-dmarc docomo-limits au-auth softbank-dmarc yahoojp-auth nifty-auth sakura-guide gov-2025-09
orange-limits comcast-limits ses-align rfc8058-dkim tls-rpt dmarc-9989 spf-lookups`)
	var got []string
	for _, r := range Requirements() {
		got = append(got, r.ID)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// What Google took back on 2026-03-11 is history, and no finding can fail it.
func TestRemovedRequirements(t *testing.T) {
	var removed []string
	for _, r := range Requirements() {
		if r.Removed == "" {
			continue
		}
		removed = append(removed, r.ID+" "+r.Removed)
		if outcome, _ := r.Judge([]catalogue.Finding{{ID: "arc.fail", Status: catalogue.Fail}}, Sight{true, true}); outcome != Unseen {
			t.Errorf("%s is judged: %s", r.ID, outcome)
		}
	}
	if d := cmp.Diff([]string{"gmail-arc-removed 2026-03-11"}, removed); d != "" {
		t.Error(d)
	}
}

func TestJudge(t *testing.T) {
	f := func(words ...string) []catalogue.Finding {
		var fs []catalogue.Finding
		for _, w := range words {
			id, status, _ := strings.Cut(w, " ")
			e, _ := catalogue.Lookup(id)
			if status == "" {
				status = string(e.Status)
			}
			fs = append(fs, catalogue.Finding{ID: id, Status: catalogue.Status(status)})
		}
		return fs
	}
	message, domain := Sight{Message: true}, Sight{Domain: true}
	for _, tt := range []struct {
		id   string
		fs   []catalogue.Finding
		s    Sight
		want Outcome
		by   string
	}{
		{"gmail-all-auth", f("spf.pass", "dkim.none"), message, Met, "spf.pass"},
		{"gmail-all-auth", f("spf.fail", "dkim.pass"), message, Met, "dkim.pass"},
		{"gmail-all-auth", f("spf.softfail", "dkim.none"), message, NotMet, "dkim.none,spf.softfail"},
		{"gmail-all-auth", f("spf.permerror", "dkim.body-hash-mismatch"), message, NotMet, "dkim.body-hash-mismatch,spf.permerror"},
		{"gmail-all-auth", f("spf.temperror", "dkim.none"), message, Unseen, ""},
		{"gmail-all-auth", f("spf.unchecked", "dkim.body-hash-mismatch"), message, Unseen, ""},
		{"gmail-bulk-spf-dkim", f("spf.pass", "dkim.pass"), message, Met, "dkim.pass,spf.pass"},
		{"gmail-bulk-spf-dkim", f("spf.pass", "dkim.none"), message, NotMet, "dkim.none"},
		{"gmail-bulk-spf-dkim", f("spf.pass", "dkim.pass", "dkim.key-missing"), message, Met, "dkim.pass,spf.pass"},
		{"gmail-bulk-spf-dkim", f("spf.pass", "dkim.dns-failure"), message, Unseen, ""},
		{"gmail-all-attachment", f("message.blocked-attachment"), message, NotMet, "message.blocked-attachment"},
		{"gmail-all-attachment", f("spf.pass"), message, Met, ""},
		{"ms-bulk-spf", f("spf.neutral", "dkim.pass"), message, NotMet, "spf.neutral"},
		{"gmail-all-ptr", f("ptr.missing"), domain, NotMet, "ptr.missing"},
		{"gmail-all-ptr", f("ptr.pass", "ptr.unconfirmed"), domain, NotMet, "ptr.unconfirmed"},
		{"gmail-all-ptr", f("ptr.dns-failure"), domain, Unseen, ""},
		{"gmail-all-ptr", f("ptr.pass"), domain, Met, "ptr.pass"},
		{"gmail-all-tls", f(), message, Unseen, ""},
		{"gmail-all-tls", f("tls.none"), message, NotMet, "tls.none"},
		{"gmail-all-from-single", f(), message, Met, ""},
		{"gmail-all-from-single", f(), domain, Unseen, ""},
		{"gmail-all-from-single", f("message.several-authors"), message, NotMet, "message.several-authors"},
		{"gmail-all-5322", f("message.line-ends-converted", "message.wrong-weekday"), message, Met, ""},
		{"gmail-bulk-dmarc", f("dmarc.none"), domain, NotMet, "dmarc.none"},
		{"gmail-bulk-dmarc", f("dmarc.policy-none"), domain, Met, "dmarc.policy-none"},
		{"gmail-bulk-dmarc", f("dmarc.temperror"), domain, Unseen, ""},
		{"yahoo-bulk-dmarc", f("dmarc.fail-unaligned"), message, NotMet, "dmarc.fail-unaligned"},
		{"gmail-all-blocklist", f("dnsbl.none-checked"), domain, Unseen, ""},
		{"gmail-all-blocklist", f("dnsbl.listed"), domain, NotMet, "dnsbl.listed"},
		{"gmail-all-blocklist", f("dnsbl.listed warn"), domain, NotMet, "dnsbl.listed"},
		{"gmail-all-blocklist", f("dnsbl.listed info"), domain, Unseen, ""},
		{"dmarc-9989", f("dmarc.removed-tag"), domain, NotMet, "dmarc.removed-tag"},
		{"gmail-all-blocklist", f("dnsbl.clean"), domain, Met, "dnsbl.clean"},
		{"gmail-all-spam-rate", f(), message, Unseen, ""},
		{"nifty-auth", f("spf.pass", "dkim.pass", "dmarc.pass", "ptr.pass"), message, Met, "dkim.pass,dmarc.pass,ptr.pass,spf.pass"},
		{"spf-lookups", f("spf.too-many-lookups"), domain, NotMet, "spf.too-many-lookups"},
		{"ses-align", f("dmarc.fail-ses-default"), message, NotMet, "dmarc.fail-ses-default"},
	} {
		i := slices.IndexFunc(requirements(), func(r Requirement) bool { return r.ID == tt.id })
		if i < 0 {
			t.Fatalf("no requirement %s", tt.id)
		}
		got, by := requirements()[i].Judge(tt.fs, tt.s)
		if got != tt.want || strings.Join(by, ",") != tt.by {
			t.Errorf("%s with %v: %s by %v, want %s by %s", tt.id, tt.fs, got, by, tt.want, tt.by)
		}
	}
}
