package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/message"
)

// How many of each are drawn. A hostile message can hold thousands; the rest is
// named in "… and N more" and is in the downloads.
const (
	drawnFindings   = 60
	drawnChanges    = 20
	drawnEvidence   = 12
	drawnSignatures = 12
	drawnSets       = 12
	drawnHeaders    = 60
	drawnHops       = 25
	drawnLines      = 200
	drawnAnswers    = 150
	drawnRecords    = 20
	drawnSteps      = 250
	drawnQueries    = 12
	drawnDefects    = 20
	drawnRaw        = 40 << 10 // octets: with the rest it stays a page of less than 150 KB
)

// some gives at most n of a list, and how many are left.
func some[T any](list []T, n int) (drawn []T, more int) {
	if len(list) <= n {
		return list, 0
	}
	return list[:n], len(list) - n
}

// reportView is the report page.
type reportView struct {
	frame
	ID        string
	Headline  render.Headline
	From      string
	Subject   string
	To        []string
	Time      time.Time
	Size      int
	Source    string
	Converted bool
	Summary   []sentence
	Chips     []chip
	Tabs      []tabView
	findingLists
	Deleted    time.Time // when it can be had no longer, zero for what is not stated
	DropAt     time.Time // when the body is due to go, zero for never
	Session    sessionView
	IPRev      iprevView
	SPF        *spfView
	HELO       *spfView
	DKIM       dkimList
	ARC        arcView
	DMARC      dmarcView
	Steps      []stepView
	Hops       []hop
	MoreHops   int
	DNS        dnsTable
	Cards      cardsView
	Content    contentView
	Raw        string
	RawMissing int
}

// chip is one method's result in the strip below the headline.
type chip struct{ Name, Anchor, Result, Note string }

func (s *server) reportView(r *http.Request, m *store.Message, rep *render.Report) reportView {
	lang := i18n.FromRequest(r)
	h := s.headline(rep, lang)
	v := reportView{
		frame: s.frame(r, "", h.Title), ID: m.ID, Headline: h,
		Time: m.Received, Size: len(rep.Message.Raw), Source: rep.Bundle.Source, Converted: rep.Bundle.LineEndsConverted,
		Session: viewSession(lang, rep.Bundle.Session),
		IPRev:   viewIPRev(lang, rep.Auth.IPRev), DKIM: viewDKIM(lang, rep.Auth.DKIM, rep.Forensics), ARC: viewARC(lang, rep.Auth.ARC),
		DMARC: viewDMARC(lang, rep.Auth.DMARC), DNS: viewDNS(rep.DNS),
	}
	v.frame.Status = h.Status
	v.From, v.Subject = headerText(rep.Message, "From"), headerText(rep.Message, "Subject")
	v.To = rep.Bundle.Session.Recipients[:min(3, len(rep.Bundle.Session.Recipients))]
	v.SPF = viewSPF(lang, rep.Auth.SPFChecked, &rep.Auth.SPF)
	if rep.Auth.HELO != nil {
		v.HELO = viewSPF(lang, true, rep.Auth.HELO)
	}
	v.findingLists, v.DropAt, v.Deleted, v.Form = sortFindings(lang, rep.Findings, reportPath(m.ID)), m.DropAt, s.deletedAt(m.Received), true
	v.Cards = viewCards(lang, rep.Cards, rep.Score)
	v.Content = viewContent(lang, rep)
	v.Content.ID = m.ID
	v.Hops, v.MoreHops = viewHops(rep.Message)
	raw := rep.Message.Raw
	if len(raw) > drawnRaw {
		v.RawMissing = len(raw) - drawnRaw
		raw = raw[:drawnRaw]
	}
	v.Raw = visibleLines(string(raw))
	v.Steps = viewSteps(lang, &rep.Auth.DMARC)
	v.Chips = v.chips(lang)
	v.tabs(lang, rep)
	v.summary(lang, rep)
	return v
}

// headerText is the decoded first field of a name.
func headerText(m *message.Message, name string) string {
	for _, f := range m.All(name) {
		raw := f.Unfolded()
		return message.DecodeHeader(raw[:min(len(raw), 4*maxText)])
	}
	return ""
}

func (v *reportView) chips(lang string) []chip {
	dkim := "none"
	for _, d := range v.DKIM.Signatures {
		if dkim == "none" || d.Result == "pass" {
			dkim = d.Result
		}
	}
	spfNote := v.SPF.Domain
	if !v.SPF.Checked {
		spfNote = i18n.T(lang, "spf.unchecked-short")
	}
	return []chip{
		{"DMARC", "dmarc", v.DMARC.Result, v.DMARC.From},
		{"SPF", "spf", v.SPF.Result, spfNote},
		{"DKIM", "dkim", dkim, v.DKIM.firstDomain(dkim)},
		{"ARC", "arc", v.ARC.Result, ""},
		{i18n.T(lang, "iprev.heading"), "iprev", v.IPRev.Result, v.IPRev.IP},
	}
}

// findingView is one finding in one language.
type findingView struct {
	ID, Status, Title, Subject, Detail, Fix string
	Steps, Refs                             []ref
	Changes                                 []changeView
	MoreChanges                             int
	Snippets                                []catalogue.Snippet
	Evidence                                []string
	MoreEvidence                            int
	Anchor                                  string
	// Page is that of the check or message, whose editor of records takes the repair of
	// the finding with this number.
	Page  string
	Index int
	// Of a check: its run; the changes in the form that the visitor pastes; the finding
	// whose repair is the same.
	Run               string
	Pasted, PastedAs  string
	SameAs, SameTitle string
}

// ref is a source, with a link where it is one.
type ref struct{ Text, URL string }

// changeView is a DNS change to copy.
type changeView struct {
	dns.Change
	Do   string // what to do in words
	Host string // the name without the final dot
}

// findingLists are findings as they are read.
type findingLists struct {
	Open  []findingView // fail, unknown, warn: to be read
	Notes []findingView // info
	Fine  []findingView // pass
	More  int
}

// sortFindings draws findings. page is that of the message whose editor of records takes
// their repairs, "" for none.
func sortFindings(lang string, all []catalogue.Finding, page string) (v findingLists) {
	list, more := some(all, drawnFindings)
	v.More = more
	for i := range list {
		f := viewFinding(lang, &list[i])
		f.Anchor, f.Page, f.Index = "f"+itoa(i+1), page, i+1
		switch list[i].Status {
		case catalogue.Pass:
			v.Fine = append(v.Fine, f)
		case catalogue.Info:
			v.Notes = append(v.Notes, f)
		default:
			v.Open = append(v.Open, f)
		}
	}
	return v
}

func viewFinding(lang string, f *catalogue.Finding) findingView {
	v := findingView{
		ID: f.ID, Status: string(f.Status), Title: f.Title(lang), Subject: f.Subject, Detail: f.Detail(lang), Fix: f.Fix(lang),
	}
	for _, s := range f.Steps(lang) {
		v.Steps = append(v.Steps, ref{Text: s})
	}
	for _, s := range f.Refs() {
		v.Refs = append(v.Refs, viewRef(s))
	}
	changes, more := some(f.DNS, drawnChanges)
	v.MoreChanges = more
	for _, c := range changes {
		v.Changes = append(v.Changes, changeView{Change: c, Do: i18n.T(lang, actionKey(c.Action)), Host: strings.TrimSuffix(c.Name, ".")})
	}
	v.Snippets, _ = some(f.Snippets, drawnChanges)
	v.Evidence, v.MoreEvidence = some(f.Evidence, drawnEvidence)
	return v
}

func actionKey(action dns.Action) string {
	switch action {
	case dns.Replace:
		return "dns.do.replace"
	case dns.Remove:
		return "dns.do.remove"
	}
	return "dns.do.add"
}

// viewRef links to RFCs and to addresses of the catalogue. A finding's refs come from
// our own catalogue, never from a message.
func viewRef(s string) ref {
	if strings.HasPrefix(s, "https://") {
		return ref{Text: s, URL: s}
	}
	rest, ok := strings.CutPrefix(s, "RFC ")
	if !ok {
		return ref{Text: s}
	}
	number, section, _ := strings.Cut(rest, " section ")
	number, _, _ = strings.Cut(number, " ")
	url := "https://www.rfc-editor.org/rfc/rfc" + number
	section, _, _ = strings.Cut(section, " ")
	if section = strings.Trim(section, ",;."); section != "" {
		url += "#section-" + section
	}
	return ref{Text: s, URL: url}
}

// hop is one Received field: a claim.
type hop struct {
	From, FromHost, FromIP, By, With, For, TLS, Date, Raw string
}

func viewHops(m *message.Message) (hops []hop, more int) {
	list, more := some(m.Receiveds(), drawnHops)
	for _, h := range list {
		v := hop{From: h.From, FromHost: h.FromHost, By: h.By, With: h.With, For: h.For, TLS: h.TLS, Date: h.Date, Raw: h.Raw}
		if h.FromIP.IsValid() {
			v.FromIP = h.FromIP.String()
		}
		hops = append(hops, v)
	}
	return hops, more
}

// sessionView is a session as observed, or an envelope as assumed.
type sessionView struct {
	evidence.Session
	IP        string
	Given     bool // anything of the envelope is known
	Path      string
	TLSError  string
	Secure    string // TLS version and cipher
	Lines     []evidence.Line
	MoreLines int
}

func viewSession(lang string, s evidence.Session) sessionView {
	v := sessionView{Session: s}
	if s.RemoteIP.IsValid() {
		v.IP = s.RemoteIP.String()
	}
	if s.HasMailFrom || s.MailFrom != "" {
		v.Path = s.MailFrom
		if v.Path == "" {
			v.Path = i18n.T(lang, "session.null-path")
		}
	}
	v.Given = v.IP != "" || s.HELO != "" || v.Path != ""
	if s.TLS != nil {
		v.TLSError = s.TLS.Error
		v.Secure = strings.TrimSpace(s.TLS.Version + " " + s.TLS.Cipher)
	}
	v.Lines, v.MoreLines = some(s.Transcript, drawnLines)
	v.Recipients, _ = some(s.Recipients, 10)
	return v
}
