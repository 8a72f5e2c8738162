package web

import (
	"bytes"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/warmup"
)

// mailShown are the messages on one page.
const mailShown = 50

// mailPage finds what became of messages.
type mailPage struct {
	frame
	Q, From, To  string
	Asked        bool // something was looked for
	Messages     []passedView
	More         bool
	Error, Wrong string // Wrong is the field that the error is about
	Shown        int
	All          bool // everything may be listed without a name
}

// passedView is a message as the page shows it.
type passedView struct {
	store.MailEvent
	Mark            mark
	Done, Found     string
	Reason, Comment string
	Problems        []problemView
	MoreRcpts       int
	Providers       []string
}

// problemView is a finding on a message.
type problemView struct {
	ID, Title, Text string
	Known           bool // there is a page about it
}

// volumePage says how much went out.
type volumePage struct {
	frame
	Query        traffic.VolumeQuery
	Volume       *traffic.Volume
	Rows         []volumeRow
	Providers    []providerChoice
	File         string // address of the same as CSV
	Own          int    // how many domains of a customer are looked at
	Error, Wrong string
}

type volumeRow struct {
	store.Volume
	Name string // of the provider
}

// findingPage says what a finding means.
type findingPage struct {
	frame
	ID, Kind, What, Detail, Fix string
	Steps, Refs                 []string
}

// trafficRoutes are those of the mail flow.
func (s *server) trafficRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /mail", s.mail)
	mux.HandleFunc("GET /volume", s.volume)
	mux.HandleFunc("GET /volume.csv", s.volumeFile)
}

// seesTraffic reports whether the visitor may see mail that went through: all of it, or that of their domains.
func (s *server) seesTraffic(r *http.Request) bool {
	v := visitorOf(r)
	return s.Traffic != nil && (v.Admin || s.Panel != nil && v.Person.ID != "" && v.Person.Role == access.Customer)
}

// forTraffic says who asks, or answers those who may not, or who ask too often.
func (s *server) forTraffic(w http.ResponseWriter, r *http.Request) (panel.Who, bool) {
	if !s.seesTraffic(r) {
		key := "error.domains"
		if s.Access == nil {
			key = "error.operator"
		}
		s.fail(w, r, http.StatusForbidden, key)
		return panel.Who{}, false
	}
	if !s.whatIfs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return panel.Who{}, false
	}
	v := visitorOf(r)
	return panel.Who{Admin: v.Admin, Person: v.Person.ID}, true
}

func (s *server) mail(w http.ResponseWriter, r *http.Request) {
	who, ok := s.forTraffic(w, r)
	if !ok {
		return
	}
	q, lang := r.URL.Query(), i18n.FromRequest(r)
	p := mailPage{Q: clip(q.Get("q"), 500), From: clip(q.Get("from"), 40), To: clip(q.Get("to"), 40), Shown: mailShown, All: who.Admin}
	p.Asked = q.Has("q") || who.Admin
	code := http.StatusOK
	if p.Asked {
		err := s.findMail(r, who, lang, &p)
		var bad *traffic.Invalid
		switch {
		case errors.As(err, &bad):
			code, p.Error, p.Wrong = http.StatusUnprocessableEntity, bad.Text.In(lang), bad.Field
		case err != nil:
			s.storeError(w, r, err)
			return
		}
	}
	p.frame = s.frame(r, "/mail", i18n.T(lang, "mail.title"))
	if p.Q != "" || p.From != "" || p.To != "" {
		p.OtherURL += "&" + url.Values{"q": {p.Q}, "from": {p.From}, "to": {p.To}}.Encode()
	}
	s.show(w, r, code, "mail", p)
}

func (s *server) findMail(r *http.Request, who panel.Who, lang string, p *mailPage) error {
	from, err := traffic.Moment("from", p.From, false)
	if err != nil {
		return err
	}
	to, err := traffic.Moment("to", p.To, true)
	if err != nil {
		return err
	}
	list, more, err := s.Traffic.Messages(r.Context(), who, traffic.Query{Name: p.Q, From: from, To: to, Limit: mailShown})
	if err != nil {
		return err
	}
	p.More = more
	for i := range list {
		p.Messages = append(p.Messages, viewPassed(&list[i], lang))
	}
	return nil
}

// mailMarks are how what was done with a message is shown.
var mailMarks = map[string]mark{
	"accept": {"pass", "✓", ""}, "tag": {"warn", "!", ""}, "quarantine": {"warn", "!", ""}, "hold": {"warn", "!", ""}, "defer": {"unknown", "?", ""}, "reject": {"fail", "✗", ""},
}

func viewPassed(e *store.MailEvent, lang string) passedView {
	v := passedView{
		MailEvent: *e, Mark: mailMarks[e.Action], Done: traffic.Done(e).In(lang), Found: traffic.Found(e).In(lang), Reason: traffic.Say(e.Reason, lang), Comment: traffic.Say(e.Comment, lang),
		MoreRcpts: max(0, e.RcptCount-len(e.Rcpts)),
	}
	if v.Mark.Class == "" {
		v.Mark = mark{"none", "–", ""}
	}
	if v.Mark.Class == "pass" && len(e.Findings) > 0 {
		v.Mark = mark{"warn", "!", ""} // it went, and something is to be known of it
	}
	for _, f := range e.Findings {
		_, known := catalogue.Lookup(f[0])
		v.Problems = append(v.Problems, problemView{f[0], catalogue.Finding{ID: f[0]}.Title(lang), traffic.Say(f[1], lang), known})
	}
	if e.Outgoing {
		for _, id := range append([]string{warmup.Everybody}, provider.Receivers()...) {
			if n := e.Receivers[id]; n > 0 {
				v.Providers = append(v.Providers, warmup.ProviderName(id).In(lang)+": "+strconv.Itoa(n))
			}
		}
	}
	return v
}

// volumeQuery reads what is asked for.
func volumeQuery(q url.Values, limit int) traffic.VolumeQuery {
	return traffic.VolumeQuery{
		From: clip(q.Get("from"), 10), To: clip(q.Get("to"), 10), Domain: clip(q.Get("domain"), 253), Source: clip(q.Get("source"), 100), Provider: clip(q.Get("provider"), 50), Limit: limit,
	}
}

func (s *server) volume(w http.ResponseWriter, r *http.Request) {
	who, ok := s.forTraffic(w, r)
	if !ok {
		return
	}
	lang := i18n.FromRequest(r)
	p, code := volumePage{Query: volumeQuery(r.URL.Query(), traffic.MaxRows), Own: traffic.MaxOwn}, http.StatusOK
	v, err := s.Traffic.Volume(r.Context(), who, p.Query)
	var bad *traffic.Invalid
	switch {
	case errors.As(err, &bad):
		code, p.Error, p.Wrong = http.StatusUnprocessableEntity, bad.Text.In(lang), bad.Field
	case errors.Is(err, store.ErrNotFound):
		code, p.Error, p.Wrong = http.StatusNotFound, i18n.T(lang, "domains.none"), "domain"
	case err != nil:
		s.storeError(w, r, err)
		return
	default:
		p.Volume, p.Query.From, p.Query.To = v, v.From, v.To
		for _, row := range v.Rows {
			p.Rows = append(p.Rows, volumeRow{row, warmup.ProviderName(row.Provider).In(lang)})
		}
	}
	asked := url.Values{"from": {p.Query.From}, "to": {p.Query.To}, "domain": {p.Query.Domain}, "source": {p.Query.Source}, "provider": {p.Query.Provider}}.Encode()
	p.File = "/volume.csv?" + asked
	for _, id := range append([]string{warmup.Everybody}, provider.Receivers()...) {
		p.Providers = append(p.Providers, providerChoice{id, warmup.ProviderName(id).In(lang), id == p.Query.Provider})
	}
	p.frame = s.frame(r, "/volume", i18n.T(lang, "volume.title"))
	p.OtherURL += "&" + asked
	s.show(w, r, code, "volume", p)
}

func (s *server) volumeFile(w http.ResponseWriter, r *http.Request) {
	who, ok := s.forTraffic(w, r)
	if !ok {
		return
	}
	v, err := s.Traffic.Volume(r.Context(), who, volumeQuery(r.URL.Query(), traffic.MaxFileRows))
	var bad *traffic.Invalid
	if errors.As(err, &bad) {
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	var b bytes.Buffer
	if err := v.WriteCSV(&b); err != nil {
		s.storeError(w, r, err)
		return
	}
	s.sendFile(w, r, "text/csv; charset=utf-8", "todoku-volume-"+s.Now().UTC().Format(time.DateOnly)+".csv", b.Bytes())
}

// finding says what a finding means, and what to do.
func (s *server) finding(w http.ResponseWriter, r *http.Request) {
	lang := i18n.FromRequest(r)
	e, ok := catalogue.Lookup(r.PathValue("id"))
	if !ok {
		s.notFound(w, r)
		return
	}
	p := findingPage{frame: s.frame(r, "/findings/"+e.ID, e.Title.In(lang)), ID: e.ID, Kind: string(e.Status), What: e.Title.In(lang), Detail: e.Detail.In(lang), Fix: e.Fix.In(lang), Refs: e.Refs}
	for _, t := range e.Steps {
		p.Steps = append(p.Steps, t.In(lang))
	}
	s.show(w, r, http.StatusOK, "finding", p)
}
