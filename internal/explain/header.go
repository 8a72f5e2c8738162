package explain

import (
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

// Hop is one Received field: one server's claim of how it got the message.
type Hop struct {
	By, From, HELO, TLS, With string
	IP                        netip.Addr // zero where the field names none
	Date                      string     // as written
	// Delay since the hop before it (the next one down), 0 where a date cannot be read;
	// negative where clocks differ.
	Delay      time.Duration
	DelayKnown bool
}

// ReceivedSPF is one Received-SPF field (RFC 7208 section 9.1).
type ReceivedSPF struct {
	Result, Domain, IP, HELO, Server string
	Text                             Sentence
	Raw                              string
	Findings                         []string // IDs of the catalogue
}

// List is what the header says of mailing lists and of leaving them.
type List struct {
	ID          string
	Unsubscribe []string // the URIs of List-Unsubscribe
	// OneClick: List-Unsubscribe-Post asks for it and there is an HTTPS URI (RFC 8058).
	OneClick bool
	// Signed: a DKIM-Signature covers both fields (RFC 8058 section 4). It may still not verify.
	Signed bool
	Text   Sentence
}

// headerResult explains the fields of a header.
func headerResult(m *message.Message) *Result {
	r := &Result{Kind: KindHeader}
	r.Authentication = authentications(m)
	r.Hops = hops(m)
	doubt(r.Authentication, r.Hops)
	for _, f := range m.All("Received-SPF") {
		if len(r.ReceivedSPF) < maxAuthFields {
			r.ReceivedSPF = append(r.ReceivedSPF, readReceivedSPF(f.Unfolded()))
		}
	}
	r.List = readList(m)
	if len(m.Fields) == 1 {
		switch {
		case len(r.ReceivedSPF) == 1:
			r.Kind = KindReceivedSPF
		case len(r.Authentication) == 1 && r.Authentication[0].Instance > 0:
			r.Kind = KindARCAuthRes
		case len(r.Authentication) == 1:
			r.Kind = KindAuthRes
		}
	}
	r.Command = verifyCommand(m, r.Hops)
	return authResult(r)
}

// authResult gathers what the authentication fields mean together.
func authResult(r *Result) *Result {
	r.Findings = gatherFindings(r.Authentication)
	if r.Kind != KindHeader || r.Command == "" {
		for _, a := range r.Authentication {
			if a.FromDomain != "" {
				r.Command = "todoku check " + a.FromDomain
				break
			}
		}
	}
	if r.Kind == KindReceivedSPF && r.ReceivedSPF[0].Domain != "" {
		r.Command = "todoku check " + r.ReceivedSPF[0].Domain
	}
	return r
}

// hops reads the Received fields, top (latest) first.
func hops(m *message.Message) []Hop {
	var out []Hop
	var times []time.Time
	for _, r := range m.Receiveds() {
		h := Hop{By: r.By, From: r.FromHost, HELO: r.From, TLS: r.TLS, With: r.With, IP: r.FromIP, Date: r.Date}
		t, _ := mail.ParseDate(strings.TrimSpace(withoutComment.ReplaceAllString(r.Date, " ")))
		out, times = append(out, h), append(times, t)
	}
	for i := 0; i+1 < len(out); i++ {
		if !times[i].IsZero() && !times[i+1].IsZero() {
			out[i].Delay, out[i].DelayKnown = times[i].Sub(times[i+1]), true
		}
	}
	return out
}

var withoutComment = pattern.New(`\([^()]*\)`)

// entry is the latest hop that names a public address: where the mail came in from outside.
func entry(hops []Hop) (Hop, bool) {
	for _, h := range hops {
		if h.IP.IsValid() && h.IP.IsGlobalUnicast() && !h.IP.IsPrivate() {
			return h, true
		}
	}
	return Hop{}, false
}

// verifyCommand gives the envelope that the header claims to `todoku verify`.
func verifyCommand(m *message.Message, hops []Hop) string {
	command := verifyFile
	if h, ok := entry(hops); ok {
		command += " --ip " + h.IP.String()
		if domainPattern.MatchString(h.HELO) {
			command += " --helo " + h.HELO
		}
	}
	if f, ok := m.First("Return-Path"); ok {
		path := strings.Trim(f.Unfolded(), " <>")
		if shellSafe.MatchString(path) {
			command += " --mail-from " + path
		}
	}
	return command
}

// shellSafe: an address that can be pasted into a shell as it is.
var shellSafe = pattern.New(`^[A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,253}$`)

var spfPair = pattern.New(`(?i)\b(client-ip|envelope-from|helo|receiver|identity)\s*=\s*"?<?([^\s;">]+)`)

// readReceivedSPF explains one Received-SPF field, in the form of RFC 7208 or as
// Microsoft and others write it.
func readReceivedSPF(value string) ReceivedSPF {
	s := ReceivedSPF{Raw: strings.Join(strings.Fields(value), " ")}
	word, rest, _ := strings.Cut(s.Raw, " ")
	s.Result = strings.ToLower(strings.Trim(word, ":;"))
	for _, m := range spfPair.FindAllStringSubmatch(rest, 20) {
		switch strings.ToLower(m[1]) {
		case "client-ip":
			s.IP = m[2]
		case "envelope-from":
			s.Domain = domainIn(m[2])
		case "helo":
			s.HELO = m[2]
		case "receiver":
			s.Server = m[2]
		}
	}
	if m := commentIP.FindStringSubmatch(rest); m != nil && s.IP == "" {
		s.IP = m[1]
	}
	if i := strings.IndexByte(rest, '('); i >= 0 && s.Server == "" {
		if server, _, ok := strings.Cut(rest[i+1:], ":"); ok {
			s.Server = cleanDomain(strings.TrimSpace(server))
		}
	}
	if m := domainOfSPF.FindStringSubmatch(rest); m != nil && s.Domain == "" {
		s.Domain = domainIn(strings.TrimRight(m[1], ",;"))
	}
	if s.Domain == "" {
		s.Domain = cleanDomain(s.HELO)
	}
	key := "spf " + s.Result
	t, ok := resultTexts[key]
	if bare, has := resultTexts[key+" unnamed"]; s.Domain == "" && has {
		t, ok = bare, true
	}
	if !ok {
		t = resultTexts["other"]
	}
	if _, has := catalogue.Lookup("spf." + s.Result); has {
		s.Findings = []string{"spf." + s.Result}
	}
	s.Text = say(t, "domain", orSome(s.Domain), "method", "SPF", "result", orSome(s.Result), "ip", orSome(s.IP))
	return s
}

var domainOfSPF = pattern.New(`(?i)domain of (?:transitioning )?(\S+)`)

var listTexts = map[string]text{
	"one-click":          {EN: "One-click unsubscribe is offered (RFC 8058), and a DKIM signature covers both fields.", JA: "ワンクリック配信停止 (RFC 8058) に対応しており、両方のヘッダーが DKIM 署名の対象です。"},
	"one-click-unsigned": {EN: "One-click unsubscribe is offered (RFC 8058), but no DKIM signature covers both fields: receivers then show no button.", JA: "ワンクリック配信停止 (RFC 8058) のヘッダーがありますが、両方を対象とする DKIM 署名がないため、受信側にボタンが表示されません。"},
	"no-post":            {EN: "There is an unsubscribe link, but no List-Unsubscribe-Post: bulk mail to Gmail and Yahoo needs both for one click.", JA: "配信停止のリンクはありますが、List-Unsubscribe-Post がありません。Gmail と Yahoo への大量送信には両方が必要です。"},
	"mailto":             {EN: "Unsubscribing works by mail only; one click needs an HTTPS address (RFC 8058).", JA: "配信停止はメールでのみ可能です。ワンクリックには HTTPS のアドレスが必要です (RFC 8058)。"},
	"post-alone":         {EN: "List-Unsubscribe-Post stands alone: without List-Unsubscribe it means nothing.", JA: "List-Unsubscribe-Post だけがあります。List-Unsubscribe がなければ意味を持ちません。"},
	"none":               {EN: "The message belongs to a list and offers no way to unsubscribe in its header.", JA: "メーリングリストのメールですが、ヘッダーに配信停止の方法がありません。"},
}

var uriPattern = pattern.New(`<\s*([^<>\s]+)\s*>`)

// readList reads the fields of RFC 2369, 2919 and 8058; nil where there are none.
func readList(m *message.Message) *List {
	if m.Count("List-Id")+m.Count("List-Unsubscribe")+m.Count("List-Unsubscribe-Post") == 0 {
		return nil
	}
	l := &List{}
	if f, ok := m.First("List-Id"); ok {
		l.ID = message.DecodeHeader(f.Unfolded())
	}
	f, _ := m.First("List-Unsubscribe")
	https := false
	for _, u := range uriPattern.FindAllStringSubmatch(f.Unfolded(), 20) {
		l.Unsubscribe = append(l.Unsubscribe, u[1])
		https = https || strings.HasPrefix(strings.ToLower(u[1]), "https://")
	}
	post, hasPost := m.First("List-Unsubscribe-Post")
	asked := hasPost && strings.EqualFold(strings.ReplaceAll(post.Unfolded(), " ", ""), "List-Unsubscribe=One-Click")
	l.OneClick = asked && https
	l.Signed = signedFields(m, "list-unsubscribe", "list-unsubscribe-post")
	key := "none"
	switch {
	case l.OneClick && l.Signed:
		key = "one-click"
	case l.OneClick:
		key = "one-click-unsigned"
	case len(l.Unsubscribe) == 0 && hasPost:
		key = "post-alone"
	case https:
		key = "no-post"
	case len(l.Unsubscribe) > 0:
		key = "mailto"
	}
	l.Text = say(listTexts[key])
	return l
}

var signedNames = pattern.New(`(?i)(?:^|;)\s*h\s*=([^;]*)`)

// signedFields reports whether one DKIM-Signature names all of these fields in h=.
func signedFields(m *message.Message, names ...string) bool {
	for _, f := range m.All("DKIM-Signature") {
		h := signedNames.FindStringSubmatch(f.Unfolded())
		if h == nil {
			continue
		}
		list := ":" + strings.ToLower(strings.Join(strings.Fields(h[1]), "")) + ":"
		all := true
		for _, n := range names {
			all = all && strings.Contains(list, ":"+n+":")
		}
		if all {
			return true
		}
	}
	return false
}
