package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/provider"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// warmupsPage lists the plans, the sources, and has the form that begins one.
type warmupsPage struct {
	frame
	Plans     []planView
	Sources   []sourceView
	Providers []providerChoice
	Tables    []warmup.Table
	Ask       planForm
	Error     string
	Wrong     string // field that the error is about
}

// warmupPage has the plans of one source address.
type warmupPage struct {
	frame
	Source string
	Plans  []planView
	Error  string
	Wrong  string // provider whose form the error is about
}

// planView is a plan as a page shows it.
type planView struct {
	warmup.View
	Name     string // of the provider
	Stand    mark
	Days     []dayView
	Doing    string // what today is
	Bound    bool   // the plan is not over
	Hourly   int    // share of each hour today, 0: as many as the day allows
	Quiet    bool   // nothing is sent until Silent
	Day, All int
}

// dayView is a day of a calendar; what is not known is "".
type dayView struct {
	Date, Allowed, Used, Paced, Delivered, Deferred, Refused string
	State                                                    string
	Today, Ahead                                             bool
}

// sourceView is a source address.
type sourceView struct {
	warmup.Sent
	Stand mark
	Mean  string
}

type providerChoice struct {
	ID, Name string
	Chosen   bool
}

// planForm is what was typed.
type planForm struct{ Source, Provider, Table, Target, Days, By string }

// warmupRoutes are those of warm-up plans.
func (s *server) warmupRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /warmup", s.warmups)
	mux.HandleFunc("POST /warmup", s.beginWarmup)
	mux.HandleFunc("GET /warmup/{source}", s.warmup)
	mux.HandleFunc("POST /warmup/{source}", s.changeWarmup)
}

func (s *server) warmups(w http.ResponseWriter, r *http.Request) {
	if s.forAdmins(w, r) {
		s.showWarmups(w, r, http.StatusOK, warmupsPage{})
	}
}

func (s *server) showWarmups(w http.ResponseWriter, r *http.Request, code int, p warmupsPage) {
	lang := i18n.FromRequest(r)
	plans, err := s.Book.Plans(r.Context(), "")
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	sent, err := s.Book.Sent(r.Context())
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	for i := range plans {
		p.Plans = append(p.Plans, viewPlan(&plans[i], lang, false))
	}
	for i := range sent {
		sent[i].Judged = sent[i].In(lang)
		p.Sources = append(p.Sources, sourceView{sent[i], standMark(sent[i].Standing), strconv.FormatFloat(sent[i].Mean, 'f', 0, 64)})
	}
	if p.Ask.Provider == "" {
		p.Ask.Provider = warmup.Everybody
	}
	for _, id := range append([]string{warmup.Everybody}, provider.Receivers()...) {
		p.Providers = append(p.Providers, providerChoice{id, warmup.ProviderName(id).In(lang), id == p.Ask.Provider})
	}
	p.Tables = warmup.Tables()
	p.frame = s.frame(r, "/warmup", i18n.T(lang, "warmup.title"))
	p.Form = true
	s.show(w, r, code, "warmups", p)
}

// standMark is how a standing is shown: a colour, a sign and the word.
func standMark(s warmup.Standing) mark {
	switch s {
	case warmup.Good:
		return mark{"pass", "✓", string(s)}
	case warmup.Poor:
		return mark{"fail", "✗", string(s)}
	}
	return mark{"none", "–", string(s)}
}

func viewPlan(v *warmup.View, lang string, days bool) planView {
	p := planView{View: v.In(lang), Name: warmup.ProviderName(v.Provider).In(lang), Stand: standMark(v.Standing), Doing: warmup.Followed[v.Now()].In(lang), Bound: !v.Over(), Quiet: v.Now() == warmup.InQuiet, Day: v.At + 1, All: len(v.Steps)}
	if !v.Over() {
		p.Hourly = v.Steps[v.At].Hour
	}
	if !days {
		return p
	}
	for i := range v.Calendar {
		p.Days = append(p.Days, viewDay(&v.Calendar[i], lang, v.Date))
	}
	return p
}

func viewDay(d *warmup.CalendarDay, lang, today string) dayView {
	out := dayView{Date: d.Date, Used: counted(d.Used), Delivered: counted(d.Delivered), Deferred: counted(d.Deferred), Refused: counted(d.Refused), State: warmup.Followed[d.State].In(lang), Ahead: d.Used == nil}
	out.Today = d.Date == today && d.State != warmup.Restarted
	if out.Allowed = counted(d.Allowed); d.Allowed == nil {
		out.Allowed = i18n.T(lang, "warmup.unbounded")
	}
	if d.Paced != nil {
		out.Paced = strconv.FormatInt(*d.Paced, 10)
	}
	return out
}

// counted writes a number, "" where it is not known.
func counted(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// warmupForm lets an administrator send a small form, or answers itself.
func (s *server) warmupForm(w http.ResponseWriter, r *http.Request) bool {
	if !s.forAdmins(w, r) {
		return false
	}
	if !s.whatIfs.allow(clientAddr(r), s.Now()) {
		w.Header().Set("Retry-After", "30")
		s.fail(w, r, http.StatusTooManyRequests, "error.too-many")
		return false
	}
	return s.readForm(w, r, smallForm)
}

func (s *server) beginWarmup(w http.ResponseWriter, r *http.Request) {
	if !s.warmupForm(w, r) {
		return
	}
	f := r.PostForm
	ask := planForm{clip(f.Get("source"), 100), clip(f.Get("provider"), 50), clip(f.Get("table"), 20), clip(f.Get("target"), 20), clip(f.Get("days"), 20), clip(f.Get("by"), 20)}
	q := warmup.Request{Source: ask.Source, Provider: ask.Provider, Table: ask.Table, Target: typed(ask.Target), Days: typed(ask.Days), By: ask.By}
	v, err := s.Book.Begin(r.Context(), q)
	var bad *warmup.Invalid
	if errors.As(err, &bad) {
		s.showWarmups(w, r, http.StatusUnprocessableEntity, warmupsPage{Ask: ask, Error: bad.Text.In(i18n.FromRequest(r)), Wrong: bad.Field})
		return
	}
	if err != nil {
		s.warmupFailed(w, r, err)
		return
	}
	http.Redirect(w, r, "/warmup/"+url.PathEscape(v.Source), http.StatusSeeOther)
}

// typed reads a number that was typed; 0 for none, and what no plan allows for what is none.
func typed(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n == 0 {
		return -1
	}
	return n
}

func (s *server) warmup(w http.ResponseWriter, r *http.Request) {
	if s.forAdmins(w, r) {
		s.showWarmup(w, r, http.StatusOK, "", "")
	}
}

func (s *server) showWarmup(w http.ResponseWriter, r *http.Request, code int, problem, wrong string) {
	lang := i18n.FromRequest(r)
	source, err := warmup.Source(clip(r.PathValue("source"), 100))
	if err != nil {
		s.notFound(w, r)
		return
	}
	plans, err := s.Book.Plans(r.Context(), source)
	if err != nil {
		s.storeError(w, r, err)
		return
	}
	if len(plans) == 0 {
		s.notFound(w, r)
		return
	}
	p := warmupPage{frame: s.frame(r, "/warmup/"+source, i18n.T(lang, "warmup.source-title", "Source", source)), Source: source, Error: problem, Wrong: wrong}
	for i := range plans {
		p.Plans = append(p.Plans, viewPlan(&plans[i], lang, true))
	}
	p.Form = true
	s.show(w, r, code, "warmup", p)
}

// changeWarmup does what "do" of the form says.
func (s *server) changeWarmup(w http.ResponseWriter, r *http.Request) {
	if !s.warmupForm(w, r) {
		return
	}
	f, source := r.PostForm, r.PathValue("source")
	who, to := f.Get("provider"), "/warmup/"+url.PathEscape(source)
	var err error
	switch f.Get("do") {
	case "hold":
		err = s.Book.Hold(r.Context(), source, who, f.Get("reason"))
	case "resume":
		err = s.Book.Resume(r.Context(), source, who)
	case "end":
		to, err = "/warmup", s.Book.End(r.Context(), source, who)
	default:
		s.fail(w, r, http.StatusBadRequest, "error.form")
		return
	}
	var bad *warmup.Invalid
	if errors.As(err, &bad) {
		s.showWarmup(w, r, http.StatusUnprocessableEntity, bad.Text.In(i18n.FromRequest(r)), who)
		return
	}
	if err != nil {
		s.warmupFailed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *server) warmupFailed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, warmup.ErrUnknown) {
		err = store.ErrNotFound
	}
	s.storeError(w, r, err)
}
