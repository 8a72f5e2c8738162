package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/survey"
)

// maxServicesShown bounds how many services are named.
const maxServicesShown = 12

// services judges the sending services that the domain shows.
func (j *judgement) services() {
	s := j.DKIM.Services
	shown := 0
	for _, r := range s.Recognised {
		if (r.Sends() || r.Receives()) && shown < maxServicesShown {
			shown++
			j.service(r)
		}
	}
	j.includes(s.Includes)
	if !j.sends() {
		return
	}
	j.google(s)
	j.microsoft(s)
	j.ses(s)
	j.postmasterDomain(s)
}

// service says that one is recognised, and what its console must be told.
func (j *judgement) service(r provider.Recognised) {
	a := args{"domain": j.Name, "name": r.Service.Name}
	var by []string
	for _, e := range r.By[:min(len(r.By), 6)] {
		by = append(by, e.Kind+": "+clipKey(e.Value))
	}
	f := j.add("service.recognised", r.Service.ID, a, by...)
	if advice := r.Service.Advice; advice != nil {
		for _, t := range append([]catalogue.Text{advice.SPF, advice.DKIM}, advice.Steps...) {
			if t.EN != "" {
				f.Advice = append(f.Advice, t)
			}
		}
	}
	bySPF := slices.ContainsFunc(r.By, func(e provider.Evidence) bool { return e.Kind == provider.BySPF })
	if bySPF && r.Service.SPFAligned == provider.NeedsSetup && !strings.Contains(r.Service.ID, "ses") {
		j.add("service.unaligned-spf", r.Service.ID, a, by...)
	}
}

// obsoleteIncludes are includes that services once asked for and now do not.
var obsoleteIncludes = []string{"servers.mcsv.net", "spf.mtasv.net", "aspmx.googlemail.com", "spf.mandrillapp.com"}

// includes judges the includes of the domain's own record by what is known of services.
func (j *judgement) includes(names []string) {
	for _, name := range names[:min(len(names), 20)] {
		bare := dns.CanonicalName(name)
		a := args{"domain": j.Name, "include": clipKey(name)}
		switch {
		case provider.IncludeNeverExisted(bare):
			j.add("service.no-such-include", bare, a, "include:"+clipKey(name))
		case slices.Contains(obsoleteIncludes, bare):
			j.add("service.obsolete-include", bare, a, "include:"+clipKey(name))
		case bare == "amazonses.com" && !j.isMailFrom():
			j.add("service.ses-include", j.Name, a, "include:"+clipKey(name))
		}
	}
}

// isMailFrom reports whether the domain is itself a MAIL FROM domain of Amazon SES.
func (j *judgement) isMailFrom() bool {
	return slices.ContainsFunc(j.DKIM.Services.MailFrom, func(m survey.MailFrom) bool { return m.Name == j.Name })
}

// selector gives what was seen of a selector.
func (j *judgement) selector(name string) (survey.DKIMKey, bool) {
	i := slices.IndexFunc(j.DKIM.Keys, func(k survey.DKIMKey) bool { return k.Selector == name })
	if i < 0 {
		return survey.DKIMKey{}, false
	}
	return j.DKIM.Keys[i], true
}

// absent reports that a selector was asked for, and that nothing is there.
func (j *judgement) absent(name string) bool {
	k, ok := j.selector(name)
	return ok && k.Answer.Status.Void() && len(k.Answer.Chain) == 0
}

// google: Google signs for the domain only after a key was published and switched on. The
// selector can be chosen, so that an absent usual one proves nothing.
func (j *judgement) google(s survey.Services) {
	if s.Has("google_workspace") && j.absent("google") && !j.anyKey() {
		j.add("service.google-dkim", j.Name, args{"domain": j.Name}, "google._domainkey."+j.Name)
	}
}

// anyKey reports whether some selector holds a key.
func (j *judgement) anyKey() bool {
	return slices.ContainsFunc(j.DKIM.Keys, func(k survey.DKIMKey) bool {
		return k.Answer.Status.Found() && !slices.Equal(keyTexts(k.Answer), keyTexts(j.DKIM.Wildcard))
	})
}

// microsoft: both selectors, each at the target of its own name.
func (j *judgement) microsoft(s survey.Services) {
	for _, pair := range [][2]string{{"selector1", "selector2"}, {"selector2", "selector1"}} {
		k, ok := j.selector(pair[0])
		if !ok || k.Answer.Status.Failed() {
			continue
		}
		name := k.Name(j.Name)
		a := args{"domain": j.Name, "selector": pair[0], "other": pair[1]}
		if rest, swapped := strings.CutPrefix(k.Target(), pair[1]+"-"); swapped && survey.IsMicrosoft(rest) && len(k.Answer.Chain) == 1 {
			f := j.add("service.microsoft-dkim-swapped", name, a, keySeen(name, k.Answer))
			f.DNS = []dns.Change{{Action: dns.Replace, Name: name + ".", Type: dns.TypeCNAME, TTL: 3600, Data: []string{pair[0] + "-" + rest + "."}}}
		}
		if twin := s.Twin; j.absent(pair[0]) && twin.Status.Found() && strings.HasPrefix(twin.Question.Name, pair[0]+"-") {
			f := j.add("service.microsoft-dkim-one", name, a, keySeen(pair[1]+"._domainkey."+j.Name, j.answerOf(pair[1])))
			f.DNS = []dns.Change{{Action: dns.Add, Name: name + ".", Type: dns.TypeCNAME, TTL: 3600, Data: []string{twin.Question.Name + "."}}}
		}
	}
	if s.Has("microsoft_365") && j.absent("selector1") && j.absent("selector2") && !j.anyKey() {
		j.add("service.microsoft-dkim", j.Name, args{"domain": j.Name}, "selector1._domainkey."+j.Name, "selector2._domainkey."+j.Name)
	}
}

func (j *judgement) answerOf(selector string) dns.Answer {
	k, _ := j.selector(selector)
	return k.Answer
}

// postmasterDomain says which domain Google counts the mail under.
func (j *judgement) postmasterDomain(s survey.Services) {
	org := dmarc.RegisteredDomain(j.Name)
	if org == "" {
		return
	}
	f := j.add("service.postmaster-domain", j.Name, args{"domain": j.Name, "org": org})
	if s.Has("amazon_ses") && len(s.MailFrom) == 0 {
		f.Advice = append(f.Advice, catalogue.Text{
			EN: "Mail that Amazon SES sends without DKIM of {domain} and without a custom MAIL FROM domain counts under amazonses.com, which is shared by all customers and cannot be registered.",
			JA: "{domain} の DKIM もカスタム MAIL FROM ドメインもない状態で Amazon SES から送信したメールは、全利用者で共用の amazonses.com のものとして集計されます。amazonses.com は登録できません。",
		})
	}
}
