package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/store"
)

// How many are listed on the page of an address.
const (
	listedMessages = 20
	listedSessions = 5
	// scannedSessions are the latest failed sessions among which those of an address are looked for.
	scannedSessions = 50
)

// homePage is the home page and that of an address.
type homePage struct {
	frame
	Token, Address string // "" where none was made
	Trouble        string // why there is no address
	CanAsk         bool   // asking by the button may help
	Expires        time.Time
	Domain         string
	Host, Port     string // where to send
	LocalOnly      bool   // the SMTP port is on loopback
	Seen           string // the newest message listed
	Messages       []store.Message
	Failed         []failedItem
	Stories        []story
	Home           bool
	Drops          []dropChoice // when the body goes
	Kept           string       // how long reports can be had, where everybody may test
	Paste          pasteFields
	Ask            askFields
}

// failedItem is one failed session in a list.
type failedItem struct {
	ID, What, Who string
	At            time.Time
}

type story struct{ ID, Title, Text, Status string }

// home makes a fresh address. A prefetch or a HEAD makes none: nobody looks at it
// yet, and a row is not free.
func (s *server) home(w http.ResponseWriter, r *http.Request) {
	p := s.homePage(r)
	p.Home = true
	code := http.StatusOK
	switch {
	case r.Method == http.MethodHead || isPrefetch(r):
		p.CanAsk = true
	case !s.addresses.allow(clientAddr(r), s.Now()):
		code = http.StatusTooManyRequests
		w.Header().Set("Retry-After", "30")
		p.Trouble = i18n.T(p.Lang, "home.too-many")
	default:
		m, err := s.makeMailbox(r)
		if err != nil {
			s.Log.Error("no address could be made", "error", err)
			code = http.StatusServiceUnavailable
			p.Trouble = i18n.T(p.Lang, "home.no-address")
			break
		}
		s.putMailbox(&p, m)
		p.frame = s.frame(r, "/m/"+m.Token, p.Title)
		p.NoscriptRefresh = 0 // would make a new address each time; the page links to its own instead
		p.Form = true
	}
	s.show(w, r, code, "home", p)
}

// newAddress is the button of a home page that made no address.
func (s *server) newAddress(w http.ResponseWriter, r *http.Request) {
	if !s.addresses.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return
	}
	m, err := s.makeMailbox(r)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	http.Redirect(w, r, "/m/"+m.Token, http.StatusSeeOther)
}

// mailbox is the waiting page of an address.
func (s *server) mailbox(w http.ResponseWriter, r *http.Request) {
	m, err := s.store.Mailbox(r.Context(), r.PathValue("token"))
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p := s.homePage(r)
	s.putMailbox(&p, m)
	if p.Messages, err = s.store.MessagesFor(r.Context(), m.Token, listedMessages); err != nil {
		s.storeError(w, r, err)
		return
	}
	if len(p.Messages) > 0 {
		p.Seen = p.Messages[0].ID
	}
	sessions, err := s.store.Sessions(r.Context(), scannedSessions)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	p.Failed = failedFor(p.Lang, sessions, m, localClient(r), clientAddr(r))
	p.NoscriptRefresh = 10
	s.show(w, r, http.StatusOK, "home", p)
}

func (s *server) homePage(r *http.Request) homePage {
	lang := i18n.FromRequest(r)
	p := homePage{frame: s.frame(r, "", i18n.T(lang, "home.title")), Domain: s.MailDomain}
	p.Form = true
	p.Ask.CanProbe = s.Checker.Prober != nil
	p.Host, p.Port, p.LocalOnly = s.sendTo(r)
	if s.Public && s.Retention > 0 {
		p.Kept = lasting(lang, s.Retention)
	}
	if s.Demo != nil {
		for _, d := range s.Demo(r.Context()) {
			p.Stories = append(p.Stories, story{ID: d.ReportID, Title: inLang(d.Title, lang), Text: inLang(d.Text, lang), Status: d.Status})
		}
	}
	return p
}

func inLang(m map[string]string, lang string) string {
	if s := m[lang]; s != "" {
		return s
	}
	return m[i18n.Langs[0]]
}

func (s *server) makeMailbox(r *http.Request) (store.Mailbox, error) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	now := s.Now()
	return s.store.NewMailbox(ctx, store.Mailbox{
		Created: now, Expires: now.Add(mailboxLife),
		ClientIP: clientAddr(r).String(), Lang: i18n.FromRequest(r),
	})
}

func (s *server) putMailbox(p *homePage, m store.Mailbox) {
	p.Token, p.Address, p.Expires = m.Token, m.Token+"@"+s.MailDomain, m.Expires
	p.Drops = s.dropChoices(p.Lang, m.DropAfter)
}

// isPrefetch: the browser loads the page before, or without, the person asking for it.
func isPrefetch(r *http.Request) bool {
	purpose := strings.ToLower(r.Header.Get("Sec-Purpose") + r.Header.Get("Purpose") + r.Header.Get("X-Moz"))
	return strings.Contains(purpose, "prefetch") || strings.Contains(purpose, "prerender")
}

// sendTo is where a sender reaches the SMTP port: where it listens on every
// address, the one by which the browser came.
func (s *server) sendTo(r *http.Request) (host, port string, localOnly bool) {
	host, port, err := net.SplitHostPort(s.SMTPAddr)
	if err != nil {
		return s.SMTPAddr, "25", false
	}
	ip, err := netip.ParseAddr(host)
	if host == "" || (err == nil && ip.IsUnspecified()) {
		return hostName(r.Host), port, false
	}
	return host, port, isLocalName(host) || (err == nil && ip.IsLoopback())
}

// failedFor picks the failed sessions that an address's page may show: those meant
// for it and, for a person at this machine, those from this machine whose recipient
// is not known.
func failedFor(lang string, all []store.FailedSession, m store.Mailbox, local bool, ip netip.Addr) []failedItem {
	var out []failedItem
	for i := range all {
		f := &all[i]
		mine := f.Token == m.Token
		nobodys := f.Token == "" && local && f.Session.RemoteIP.Unmap() == ip && !f.At.Before(m.Created)
		if (mine || nobodys) && len(out) < listedSessions {
			out = append(out, listSession(lang, f))
		}
	}
	return out
}
