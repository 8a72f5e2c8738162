// Package verify is the way of one message through the product: evidence in,
// report out. The command line, the inbox and the web all go through here.
package verify

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/internal/wire/https"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// MaxMessage is the largest message that any door takes, in octets.
const MaxMessage = 64 << 20

// Request is one message to verify.
type Request struct {
	Name   string // file name or report id
	Source string // smtp, paste, file, demo
	// Raw is the message; it must not change afterwards.
	Raw     []byte
	Session evidence.Session
	// Now is the "now" of every expiry.
	Now time.Time
	// LineEndsConverted: message.NormalizeFile changed Raw.
	LineEndsConverted bool
	// Inspector looks at the domains that the message names; nil: only the message is judged.
	Inspector *Inspector
	// OneClick is the guarded client by which the one-click unsubscription of the message
	// is tried, in earnest; nil: it is not tried.
	OneClick https.Doer
	// Filters are asked what they make of the message, while the rest is looked up. Their
	// answers are kept in the bundle.
	Filters []SpamFilter
}

// Message authenticates and judges one message. Every DNS answer used is in the
// bundle of the report. It returns when ctx ends at the latest: what could not be
// looked up by then is temperror.
func Message(ctx context.Context, r dns.Resolver, q Request) *render.Report {
	b := evidence.Bundle{
		Format: evidence.Format, Version: versionOf(q.Inspector),
		Time: q.Now.UTC(), Source: q.Source, LineEndsConverted: q.LineEndsConverted,
		Session: q.Session, Message: q.Raw,
	}
	rec := dns.NewRecorder(r)
	filters := askFilters(ctx, q.Filters, &b)
	rep := report(ctx, rec, &b, q.Name, q.Inspector)
	rep.Bundle.Opinions = filters.all()
	live := append(opinions(rep.Auth.DMARC.FromDomain, rep.Bundle.Opinions), oneClick(ctx, q.OneClick, rep.Message, rep.Auth.DMARC.FromDomain)...)
	if len(live) > 0 {
		rep.Findings = append(rep.Findings, live...)
		catalogue.Sort(rep.Findings)
	}
	score(rep, q.Inspector != nil)
	rep.Bundle.DNS = rec.Answers()
	rep.DNS = rep.Bundle.DNS
	return rep
}

// Replay gives the verdict of a bundle again, offline: only its recorded answers
// are used, changed by what (an overlay, say) when it is not nil.
func Replay(ctx context.Context, b *evidence.Bundle, name string, what func(dns.Resolver) dns.Resolver) *render.Report {
	var r dns.Resolver = dns.NewReplayer(b.DNS)
	if what != nil {
		r = what(r)
	}
	var i *Inspector
	if b.Version >= inspectedSince {
		i = new(Inspector)
	}
	rep := report(ctx, r, b, name, i)
	if said := opinions(rep.Auth.DMARC.FromDomain, b.Opinions); len(said) > 0 {
		rep.Findings = append(rep.Findings, said...)
		catalogue.Sort(rep.Findings)
	}
	score(rep, i != nil)
	rep.DNS = b.DNS
	return rep
}

// versionOf is the version of evidence that holds, or lacks, the answers about the
// domains of the message.
func versionOf(i *Inspector) int {
	if i == nil {
		return inspectedSince - 1
	}
	return evidence.BundleVersion
}

// report is a report without its scorecards, from what can be asked again.
func report(ctx context.Context, r dns.Resolver, b *evidence.Bundle, name string, i *Inspector) *render.Report {
	m := message.Parse(b.Message)
	auth := mailauth.Authenticate(ctx, r, m, Envelope(b.Session), b.Time)
	examined := forensics.Message(m, auth.DKIM)
	rep := &render.Report{
		File: name, Bundle: *b, Message: m, Auth: auth, Forensics: examined, Time: b.Time,
		Findings: judge.Message(judge.Input{
			Session: b.Session, Message: m, Auth: auth, LineEndsNormalized: b.LineEndsConverted, Forensics: examined, Now: b.Time,
		}),
	}
	repair.Configure(rep.Findings, auth.DMARC.FromDomain)
	if i != nil {
		rep.Findings = join(rep.Findings, i.findings(ctx, r, b, m, auth))
	}
	for i := range rep.Findings {
		rep.Findings[i].HidePrivate()
	}
	return rep
}

// score says what the providers make of a message, for all senders and for bulk senders.
func score(rep *render.Report, inspected bool) {
	in := scorecard.Input{Findings: rep.Findings, Sight: provider.Sight{Message: true, Domain: inspected}, Marketing: subscribed(rep.Message), Policy: asked(rep.Auth.DMARC)}
	all := scorecard.Judge(in, scorecard.All)
	rep.Cards = append(all, scorecard.Judge(in, scorecard.Bulk)...)
	rep.Score = scorecard.Sum(in, all)
}

// asked is what the author's domain asks receivers to do with the message.
func asked(v dmarc.Verdict) string {
	if v.Result != dmarc.Fail || !v.SPFChecked {
		return "" // it passes, or SPF might still carry it
	}
	return string(v.Disposition)
}

// subscribed reports whether a message is one that people subscribe to.
func subscribed(m *message.Message) bool {
	return slices.ContainsFunc(m.Fields, func(f message.Field) bool {
		return f.Is("List-Unsubscribe") || f.Is("List-Unsubscribe-Post") || f.Is("List-Id") || f.Is("Feedback-ID") ||
			f.Is("Precedence") && (strings.EqualFold(strings.TrimSpace(f.Unfolded()), "bulk") || strings.EqualFold(strings.TrimSpace(f.Unfolded()), "list"))
	})
}

// Envelope is the part of a session that authentication looks at.
func Envelope(s evidence.Session) mailauth.Envelope {
	return mailauth.Envelope{
		RemoteIP: s.RemoteIP, HELO: s.HELO,
		MailFrom: s.MailFrom, Null: s.HasMailFrom && s.MailFrom == "",
		Receiver: s.Receiver,
	}
}
