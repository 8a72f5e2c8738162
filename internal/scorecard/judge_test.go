package scorecard

import (
	"slices"
	"testing"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
)

func findings(list ...string) []catalogue.Finding {
	var out []catalogue.Finding
	for i := 0; i < len(list); i += 2 {
		out = append(out, catalogue.Finding{ID: list[i], Status: catalogue.Status(list[i+1]), Subject: "example.com"})
	}
	return out
}

func card(t *testing.T, cards []Card, id string) Card {
	t.Helper()
	i := slices.IndexFunc(cards, func(c Card) bool { return c.Provider == id })
	if i < 0 {
		t.Fatalf("no card of %s", id)
	}
	return cards[i]
}

func rowOf(t *testing.T, c Card, id string) Row {
	t.Helper()
	i := slices.IndexFunc(c.Rows, func(r Row) bool { return r.Requirement == id })
	if i < 0 {
		t.Fatalf("%s has no row %s", c.Provider, id)
	}
	return c.Rows[i]
}

var good = []string{"spf.pass", "pass", "dkim.pass", "pass", "dmarc.pass", "pass", "ptr.pass", "pass", "tls.pass", "pass", "list.one-click", "pass"}

// TestVerdicts: the same mail is judged by each provider's own rules.
func TestVerdicts(t *testing.T) {
	message := provider.Sight{Message: true, Domain: true}
	for _, c := range []struct {
		why      string
		in       Input
		audience string
		provider string
		want     Verdict
	}{
		{"all is well", Input{Findings: findings(good...), Sight: message}, Bulk, "gmail", Accept},
		{"Gmail takes mail with SPF alone of those who send little", Input{Findings: findings("spf.pass", "pass", "dkim.none", "warn", "dmarc.none", "warn", "ptr.pass", "pass", "tls.pass", "pass"), Sight: message}, All, "gmail", Accept},
		{"and refuses it of bulk senders", Input{Findings: findings("spf.pass", "pass", "dkim.none", "warn", "dmarc.none", "warn", "ptr.pass", "pass", "tls.pass", "pass"), Sight: message}, Bulk, "gmail", Reject},
		{"Microsoft wants SPF and DKIM", Input{Findings: findings("spf.fail", "warn", "dkim.pass", "pass", "dmarc.pass", "pass", "ptr.pass", "pass"), Sight: message}, Bulk, "microsoft", Reject},
		{"no reverse DNS", Input{Findings: findings("spf.pass", "pass", "dkim.pass", "pass", "dmarc.pass", "pass", "ptr.missing", "fail", "tls.pass", "pass"), Sight: message}, All, "gmail", Reject},
		{"a spoof of a domain that asks for rejection", Input{Findings: findings("spf.pass", "pass", "dmarc.fail-unaligned", "fail", "ptr.pass", "pass", "tls.pass", "pass"), Sight: message, Policy: "reject"}, All, "gmail", Reject},
		{"the same with quarantine", Input{Findings: findings("spf.pass", "pass", "dmarc.fail-unaligned", "fail", "ptr.pass", "pass", "tls.pass", "pass"), Sight: message, Policy: "quarantine"}, All, "gmail", AtRisk},
		{"nothing seen", Input{Sight: message}, All, "gmail", Unknown},
		{"an address that may send, but without a name", Input{Findings: findings("ptr.missing", "unknown", "spf.record", "pass"), Sight: provider.Sight{Domain: true}}, All, "gmail", Unknown},
	} {
		got := card(t, Judge(c.in, c.audience), c.provider)
		if got.Verdict != c.want || got.Audience != c.audience {
			t.Errorf("%s: %s says %s, want %s\n%+v", c.why, c.provider, got.Verdict, c.want, got.Rows)
		}
	}
}

// TestRows: removed rules are history, unseen is neither pass nor fail, and every
// requirement has its row.
func TestRows(t *testing.T) {
	cards := Judge(Input{Findings: findings(good...), Sight: provider.Sight{Message: true}}, All)
	g := card(t, cards, "gmail")
	for id, want := range map[string]RowStatus{
		"gmail-all-auth": Pass, "gmail-all-spam-rate": Unseen, "gmail-arc-removed": NotApplicable, "gmail-bulk-dmarc": NotApplicable,
	} {
		if r := rowOf(t, g, id); r.Status != want || r.Source == "" || r.AsOf == "" {
			t.Errorf("%+v, want %s", r, want)
		}
	}
	n := 0
	for _, c := range cards {
		n += len(c.Rows)
	}
	if want := len(provider.Requirements()); n != want {
		t.Errorf("%d rows for %d requirements", n, want)
	}
}

// TestScore: the score says how much was seen, a refusal overrides it, and what is
// optional costs nothing.
func TestScore(t *testing.T) {
	in := Input{Findings: findings(good...), Sight: provider.Sight{Message: true}}
	s := Sum(in, Judge(in, All))
	if s == nil || s.Value != 100 || s.Coverage >= 1 || s.Coverage < 0.5 {
		t.Errorf("%+v", s)
	}
	more := in
	more.Findings = append(findings("bimi.none", "info", "dane.none", "info", "mta-sts.none", "info"), in.Findings...)
	if o := Sum(more, nil); *o != *s {
		t.Errorf("%+v is not %+v", o, s)
	}
	refused := Input{Findings: findings("spf.pass", "pass", "dkim.pass", "pass", "dmarc.pass", "pass", "ptr.missing", "fail"), Sight: in.Sight}
	if o := Sum(refused, Judge(refused, All)); o.Value > fatal {
		t.Errorf("a refusal leaves %d", o.Value)
	}
	if o := Sum(Input{Findings: findings("spf.temperror", "unknown")}, nil); o != nil {
		t.Errorf("nothing was seen, and the score is %+v", o)
	}
}
