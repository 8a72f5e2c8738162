package survey

import (
	"context"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/spf"
)

// Services are the sending services that a domain shows.
type Services struct {
	Recognised []provider.Recognised
	// Includes are the targets of include and redirect in the domain's own SPF record, as written.
	Includes []string
	// MailFrom are names that are, or were meant to be, a MAIL FROM domain of Amazon SES.
	MailFrom []MailFrom
	// Twin is the answer at the target that the missing one of Microsoft's two selectors
	// should have; the zero Answer where none is missing.
	Twin dns.Answer
}

// MailFrom is what was seen of one custom MAIL FROM domain.
type MailFrom struct {
	Name    string
	MX, TXT dns.Answer
}

// Has reports whether a service was recognised, and that it sends or receives.
func (s Services) Has(id string) bool {
	return slices.ContainsFunc(s.Recognised, func(r provider.Recognised) bool { return r.Service.ID == id && (r.Sends() || r.Receives()) })
}

// mailFromLabels are usual names of MAIL FROM domains.
var mailFromLabels = []string{"mail", "bounce", "ses", "mailfrom", "send"}

// signals are what the domain's own records show of services, keys left out.
func (l *look) signals(ctx context.Context) provider.Signals {
	var s provider.Signals
	for _, r := range l.ask(ctx, l.Name, dns.TypeMX).Records {
		s.MX = append(s.MX, r.Data)
	}
	for _, r := range l.ask(ctx, l.Name, dns.TypeTXT).Records {
		s.TXT = append(s.TXT, r.Data)
		if !spf.IsRecord(r.Data) {
			continue
		}
		for _, term := range strings.Fields(r.Data) {
			term = strings.TrimLeft(strings.ToLower(term), "+-~?")
			for _, name := range []string{"include:", "redirect="} {
				if target, ok := strings.CutPrefix(term, name); ok {
					s.SPF = append(s.SPF, target)
				}
			}
			for _, name := range []string{"a:", "mx:"} {
				if target, ok := strings.CutPrefix(term, name); ok {
					host, _, _ := strings.Cut(target, "/")
					s.SPFHosts = append(s.SPFHosts, host)
				}
			}
		}
	}
	return s
}

// services recognises services, now that keys were seen, and looks at what some of them need.
func (l *look) services(ctx context.Context, signals provider.Signals) {
	s := &l.DKIM.Services
	s.Includes = signals.SPF
	for _, k := range l.DKIM.Keys {
		if k.Answer.Status.Found() || k.Dangling() {
			signals.DKIM = append(signals.DKIM, provider.DKIMSignal{Selector: k.Selector, Target: k.Target()})
		}
	}
	for _, r := range l.DKIM.Delegated.Records {
		signals.NS = append(signals.NS, r.Data)
	}
	s.Recognised = provider.Recognise(signals)
	if s.Has("amazon_ses") || s.Has("resend") || s.Has("ses_resellers") || isSESFeedback(signals.MX) {
		l.mailFrom(ctx)
		for _, m := range s.MailFrom {
			for _, r := range m.MX.Records {
				signals.ReturnPaths = append(signals.ReturnPaths, r.Data)
			}
		}
		s.Recognised = provider.Recognise(signals)
	}
	if twin := l.twin(); twin != "" {
		s.Twin = l.ask(ctx, twin, dns.TypeTXT)
	}
}

func isSESFeedback(mx []string) bool {
	return slices.ContainsFunc(mx, func(host string) bool { return strings.HasPrefix(dns.CanonicalName(host), "feedback-smtp.") })
}

// mailFrom looks for MAIL FROM domains at their usual names and at the domain itself.
func (l *look) mailFrom(ctx context.Context) {
	names := []string{l.Name}
	for _, label := range mailFromLabels {
		names = append(names, label+"."+l.Name)
	}
	seen := make([]MailFrom, len(names))
	g := dns.NewGroup(l.r)
	for i, name := range names {
		if dns.ValidName(name) {
			g.Go(func() { seen[i] = MailFrom{name, l.ask(ctx, name, dns.TypeMX), l.ask(ctx, name, dns.TypeTXT)} })
		}
	}
	g.Wait()
	for i, m := range seen {
		var hosts []string
		for _, r := range m.MX.Records {
			hosts = append(hosts, r.Data)
		}
		included := slices.ContainsFunc(m.TXT.Records, func(r dns.Record) bool {
			return spf.IsRecord(r.Data) && strings.Contains(strings.ToLower(r.Data), "include:amazonses.com")
		})
		if isSESFeedback(hosts) || i > 0 && included && m.MX.Status.Void() {
			l.DKIM.Services.MailFrom = append(l.DKIM.Services.MailFrom, m)
		}
	}
}

// twin is the target that Microsoft's other selector should have where just one is there.
func (l *look) twin() string {
	var target [2]string
	for _, k := range l.DKIM.Keys {
		i := slices.Index(microsoftSelectors, k.Selector)
		if i < 0 {
			continue
		}
		if k.Answer.Status.Failed() || k.Answer.Status.Found() && len(k.Answer.Chain) == 0 {
			return "" // not known, or a key of one's own
		}
		if target[i] = k.Target(); target[i] == "" {
			continue
		}
		if !strings.HasPrefix(target[i], k.Selector+"-") {
			return ""
		}
	}
	for i, other := range []int{1, 0} {
		if _, tenant, ok := strings.Cut(target[i], "._domainkey."); ok && IsMicrosoft(tenant) && target[other] == "" {
			return microsoftSelectors[other] + strings.TrimPrefix(target[i], microsoftSelectors[i])
		}
	}
	return ""
}

var microsoftSelectors = []string{"selector1", "selector2"}
