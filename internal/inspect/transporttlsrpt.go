package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/repair"
	"github.com/todoku/todoku/tlsrpt"
)

// tlsRPT judges the record that asks for TLS reports.
func (j *judgement) tlsRPT() {
	t := j.Transport.TLSRPT
	v := t.Verdict
	name := tlsrpt.RecordName(j.Name)
	a := args{"from": j.Name, "name": name}
	texts := meant(v.DNS, tlsrpt.IsRecord, repair.LooksLikeTLSRPT)
	if v.DNS.Status.Failed() {
		j.add("tls-rpt.dns-failure", j.Name, a, answerText(v.DNS))
		return
	}
	if len(texts) == 0 {
		j.noTLSRPT()
		return
	}
	if v.Record != nil {
		texts = v.Records // what stands beside it says nothing to anyone
	}
	var dead []string
	for _, m := range t.Mailboxes {
		if m.Void() {
			dead = append(dead, m.URI)
		}
	}
	text, dropped := repair.TLSRPTRecord(texts, dead, j.reportAddress())
	evidence := written(name, texts)
	if len(dropped) > 0 {
		evidence = append(evidence, "left out: "+clip(strings.Join(dropped, ", ")))
	}
	cure := func(f *catalogue.Finding) {
		if text != "" {
			f.DNS = []dns.Change{repair.Text(v.DNS, texts, text)}
		}
	}
	switch {
	case len(v.Records) == 0:
		cure(j.add("tls-rpt.near-miss", j.Name, a, evidence...))
		return
	case len(v.Records) > 1:
		cure(j.add("tls-rpt.multiple-records", j.Name, a, evidence...))
		return
	}
	j.tlsRPTParts(a, evidence, cure)
}

// tlsRPTParts judges the fields of the one record that is there, and who receives its reports.
func (j *judgement) tlsRPTParts(a args, evidence []string, cure func(*catalogue.Finding)) {
	t := j.Transport.TLSRPT
	v := t.Verdict
	id, reasons := "tls-rpt.invalid-part", args{}
	if !v.Record.Valid() {
		id = "tls-rpt.invalid-record"
	}
	for _, p := range v.Record.Problems {
		if p.Fatal() == !v.Record.Valid() && p.ID != tlsrpt.UnknownField {
			reasons.and(args{}.why(catalogue.TransportProblems, p.ID, p.Name, p.Value))
		}
	}
	whole := len(reasons) == 0
	if !whole {
		cure(j.add(id, j.Name, a.and(reasons), evidence...))
	}
	for _, m := range t.Mailboxes {
		if m.Void() {
			whole = false
			cure(j.add("tls-rpt.no-mailbox", j.Name, args{"from": j.Name, "uri": clip(m.URI), "host": shown(m.Host)}, append(slices.Clone(evidence), answerText(m.MX))...))
		}
	}
	if whole {
		j.add("tls-rpt.pass", j.Name, a, evidence...)
	}
}

// noTLSRPT judges a domain without a record at the right name.
func (j *judgement) noTLSRPT() {
	t := j.Transport.TLSRPT
	name := tlsrpt.RecordName(j.Name)
	var texts []string
	for _, r := range t.Misplaced {
		if repair.LooksLikeTLSRPT(r.Data) {
			texts = append(texts, r.Data)
		}
	}
	var f *catalogue.Finding
	if len(texts) > 0 {
		m := t.Misplaced[0]
		f = j.add("tls-rpt.wrong-name", j.Name, args{"from": j.Name, "name": shown(m.Name)}, written(m.Name, texts)...)
	} else {
		f = j.add("tls-rpt.none", j.Name, args{"from": j.Name, "name": name}, answerText(t.Verdict.DNS))
	}
	if text, _ := repair.TLSRPTRecord(texts, nil, j.reportAddress()); text != "" {
		f.DNS = []dns.Change{repair.Text(t.Verdict.DNS, nil, text)}
	}
}

// reportAddress is a mailbox of the domain's own that takes reports: that of its DMARC
// reports, else the postmaster, whom every domain that takes mail has.
func (j *judgement) reportAddress() string {
	for _, r := range j.DMARC.Reports {
		if r.Tag != "rua" || r.External || !r.MX.Status.Found() || nullMX(r.MX) {
			continue
		}
		uri, _, _ := strings.Cut(r.URI, "!")
		if _, ok := tlsrpt.Address(uri); ok && dmarc.RegisteredDomain(r.Host) == dmarc.RegisteredDomain(j.Name) {
			return uri
		}
	}
	return "mailto:postmaster@" + j.Name
}
