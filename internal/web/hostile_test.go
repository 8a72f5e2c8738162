package web

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/todoku/todoku/arc"
	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

func hostileHeadline(*render.Report, string) render.Headline {
	return render.Headline{Status: "fail", Title: script, Sub: script}
}

func mailboxOf(token string) store.Mailbox {
	return store.Mailbox{Token: token, Created: now.Add(-time.Hour), Expires: now.Add(time.Hour)}
}

func hostileSession() evidence.Session {
	return evidence.Session{
		Observed: true, RemoteIP: netip.MustParseAddr("192.0.2.66"), HELO: script, MailFrom: script, HasMailFrom: true,
		Recipients: []string{script, script}, Parameters: []string{script}, TLS: &evidence.TLS{Version: script, Cipher: script},
		Transcript: []evidence.Line{{At: now, From: "client", Text: script}, {At: now, From: script, Text: script}},
		Outcome:    script, Detail: script, Receiver: script,
	}
}

func hostileSessions() []store.FailedSession {
	broken := hostileSession()
	broken.TLS.Error = script
	return []store.FailedSession{{ID: "evil", Token: "tok", At: now, Session: broken}}
}

// hostileReport is the usual report with every text replaced.
func hostileReport() *render.Report {
	rep := sesReport()
	raw := strings.NewReplacer("Web Shop", script, "Your receipt", script, "ip-10-0-0-8", script, "Thank you", script).Replace(sesRaw)
	rep.Bundle.Message = []byte("X-" + script + ": " + script + "\r\n" + raw)
	rep.Message = message.Parse(rep.Bundle.Message)
	rep.Bundle.Session = hostileSession()
	a := &rep.Auth
	hostileSPF(&a.SPF)
	hostileSPF(a.HELO)
	a.IPRev.Names, a.IPRev.Confirmed, a.IPRev.Reason = []string{script, "x"}, []string{script}, script
	a.DKIM = append(a.DKIM, dkim.Verdict{Result: script, Reason: script})
	for i := range a.DKIM {
		a.DKIM[i].Reason = script
		if g := a.DKIM[i].Signature; g != nil {
			g.Domain, g.Selector, g.Identity, g.Algorithm, g.Headers = script, script, script, script, []string{script}
			a.DKIM[i].Key.Record = script
		}
	}
	set := arc.Set{Instance: 1, SealDomain: script, SealSelector: script, CV: script, MessageDomain: script, MessageSelector: script,
		AuthServID: script, Results: script, AMS: script, AS: "pass", Detail: script}
	a.ARC = arc.Verdict{Result: arc.Fail, Reason: script, Instances: 1, Sets: []arc.Set{set}}
	hostileDMARC(&a.DMARC)
	hunk := forensics.Hunk{Before: []byte(script), Signed: []byte(script), Seen: []byte(script), After: []byte(script)}
	rep.Forensics = make([][]forensics.Examination, len(a.DKIM))
	rep.Forensics[0] = []forensics.Examination{
		{Part: forensics.Header, Outcome: forensics.Explained, Mutations: []forensics.Mutation{{Kind: forensics.FieldAdded, Field: script}, {Kind: script}}, Hunks: []forensics.Hunk{hunk}},
		{Part: script, Outcome: script},
	}
	for i := range rep.DNS {
		d := &rep.DNS[i]
		d.Question.Name, d.Server, d.Detail = script, script, script
		d.Records = append(d.Records, dns.Record{Type: 999, Data: script})
		d.Chain = []dns.Record{{Data: script}}
	}
	for i := range rep.Findings {
		f := &rep.Findings[i]
		f.Subject, f.Evidence = script, []string{script}
		for k := range f.Args {
			f.Args[k] = script
		}
		f.DNS = []dns.Change{{Action: dns.Action(script), Name: script, Type: 65280, Data: []string{script}, Was: []string{script}}}
		f.Snippets = []catalogue.Snippet{{For: script, Text: script}}
	}
	return rep
}

func hostileSPF(v *spf.Verdict) {
	v.Domain, v.Mechanism, v.Explanation, v.Reason, v.Record = script, script, script, script, script
	for i := range v.Trace {
		s := &v.Trace[i]
		s.Domain, s.Target, s.Detail, s.Queries = script, script, script, []string{script}
		if s.Record != "" {
			s.Record = "v=spf1 " + script
		} else {
			s.Term = script
		}
	}
}

func hostileDMARC(v *dmarc.Verdict) {
	v.Reason, v.FromDomain, v.OrgDomain, v.PolicyDomain, v.Record.Raw = script, script, script, script, script
	v.Policy, v.Disposition = script, script
	for i := range v.Identifiers {
		id := &v.Identifiers[i]
		id.Method, id.Domain, id.Result, id.OrgDomain, id.Mode = script, script, script, script, script
	}
	for i := range v.Discovery {
		w := &v.Discovery[i]
		w.Domain, w.OrgDomain = script, script
		w.Queries = []dmarc.WalkQuery{{Name: script, Outcome: script, Record: script}}
	}
	v.RFC7489 = dmarc.RFC7489{OrgDomain: script, PolicyDomain: script, Policy: script, Result: script}
}

// hugeReport has thousands of everything.
func hugeReport() *render.Report {
	rep := sesReport()
	var raw bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&raw, "Received: from a%d.example by b%d.example; %s\r\n", i, i, strings.Repeat("x", 100))
	}
	raw.WriteString(sesRaw)
	raw.WriteString(strings.Repeat("y", 1<<20))
	rep.Bundle.Message = raw.Bytes()
	rep.Message = message.Parse(rep.Bundle.Message)
	f := findings()[0]
	long := strings.Repeat("e", 5000)
	for range 200 {
		f.Evidence = append(f.Evidence, long)
		f.DNS = append(f.DNS, f.DNS[0])
	}
	rep.Findings = slices.Repeat([]catalogue.Finding{f}, 2000)
	one := rep.Auth.DKIM[0]
	for range 2999 {
		rep.Auth.DKIM = append(rep.Auth.DKIM, one)
	}
	h := forensics.Hunk{Before: make([]byte, 16), Signed: make([]byte, 96), Seen: make([]byte, 96), After: make([]byte, 16)}
	many := forensics.Examination{Part: forensics.Body, Outcome: forensics.Explained, Hunks: slices.Repeat([]forensics.Hunk{h}, 6),
		Mutations: slices.Repeat([]forensics.Mutation{{Kind: forensics.FooterAdded}}, 5000)}
	for range rep.Auth.DKIM {
		rep.Forensics = append(rep.Forensics, []forensics.Examination{many, many})
	}
	step, set := rep.Auth.SPF.Trace[1], arc.Set{Results: strings.Repeat("r", 9000)}
	for range 5000 {
		rep.Auth.SPF.Trace = append(rep.Auth.SPF.Trace, step)
		rep.DNS = append(rep.DNS, rep.DNS[0])
		rep.Auth.ARC.Sets = append(rep.Auth.ARC.Sets, set)
		rep.Bundle.Session.Transcript = append(rep.Bundle.Session.Transcript, rep.Bundle.Session.Transcript[0])
	}
	return rep
}
