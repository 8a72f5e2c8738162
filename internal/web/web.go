// Package web is the pages: home with a one-time address, live session, report,
// paste, operator lists. Server-rendered; everything works without JavaScript.
//
// The pages decide nothing: verdicts, findings and headlines come from elsewhere.
// Whatever a message, a DNS answer or a client says is hostile text, and goes
// through [visible] and html/template on its way out.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/warmup"
)

// Config of the pages.
type Config struct {
	Store    *store.Store
	Hub      *live.Hub
	Resolver dns.Resolver
	// Checker checks domains; nil is one that only asks Resolver.
	Checker *check.Checker
	// MailDomain is the domain of one-time addresses; SMTPAddr is where to send, shown on the home page ("127.0.0.1:2525").
	MailDomain, SMTPAddr string
	// LMTPAddr is where mail servers hand over, "host:port" or "unix:PATH"; "" for nowhere.
	// Program is the file of this program. Both are shown in the recipes.
	LMTPAddr, Program string
	// Panel has the domains that this server sends for; nil: no keys are kept, and there is none.
	Panel *panel.Panel
	// Book has the warm-up plans; nil: there are none.
	Book *warmup.Book
	// Traffic has what became of mail that went through the milter; nil: nothing is kept.
	Traffic *traffic.Reader
	// Version is shown in the footer.
	Version string
	// Demo, when not nil, lists sample messages to show on the home page.
	Demo func(ctx context.Context) []DemoStory
	// Report verifies a stored message again from its evidence.
	Report func(ctx context.Context, m *store.Message) *render.Report
	// Verify judges a stored message for the first time and keeps the verdict; nil
	// does so with Resolver.
	Verify func(ctx context.Context, m *store.Message) (*render.Report, error)
	// Hosts are further host names that the pages answer to, beside the loopback
	// ones and IP addresses. A connection that came in over loopback is answered for
	// no other name, so that a web site cannot read the pages by DNS rebinding.
	Hosts []string
	// TrustProxy are the proxies whose X-Forwarded-For says who the client is, for limits.
	TrustProxy []netip.Prefix
	// Access says who may use the pages; nil: whoever can connect. Public, with Access,
	// lets everybody test, and nobody see what is of others.
	Access *access.Keeper
	Public bool
	// Retention is how long reports can be had, 0 for what is not stated.
	Retention time.Duration
	// Open, where not nil, says of a page whether it is open to whoever has its address, although
	// there are logins. It is asked where nobody signed in.
	Open func(r *http.Request) bool
	// Agree takes the token by which an address agrees to get reports by mail, and gives the
	// address and whether the first one is on its way; nil: no mail is answered.
	Agree func(ctx context.Context, token string) (address string, sent bool, err error)
	// PublicURL is what browsers call the pages by, "" for what they say themselves.
	PublicURL string
	// Lab is the outbound lab; nil: there is none.
	Lab OutboundLab
	// Context ends the checks that are under way; nil: never.
	Context   context.Context
	Log       *slog.Logger
	Now       func() time.Time
	MaxUpload int64 // octets of a pasted message; 0 means 25 MiB
}

// DemoStory is one sample on the demo's home page.
type DemoStory struct {
	ReportID    string
	Title, Text map[string]string // by language
	Status      string
}

// storage is what the pages need of the store.
type storage interface {
	NewMailbox(ctx context.Context, m store.Mailbox) (store.Mailbox, error)
	Mailbox(ctx context.Context, token string) (store.Mailbox, error)
	AddMessage(ctx context.Context, m *store.Message) error
	SetMailboxDrop(ctx context.Context, token string, d time.Duration) error
	DropAfter() time.Duration
	SetVerified(ctx context.Context, m *store.Message) error
	Message(ctx context.Context, id string) (*store.Message, error)
	MessageSize(ctx context.Context, id string) (int, error)
	MessagesFor(ctx context.Context, token string, limit int) ([]store.Message, error)
	Recent(ctx context.Context, limit int) ([]store.Message, error)
	Sessions(ctx context.Context, limit int) ([]store.FailedSession, error)
	Session(ctx context.Context, id string) (*store.FailedSession, error)
	Full() (since time.Time, full bool)
	AddRun(ctx context.Context, r *store.Run) error
	FinishRun(ctx context.Context, r *store.Run) error
	Run(ctx context.Context, id string) (*store.Run, error)
	Runs(ctx context.Context, target, owner string, all bool, limit int) ([]store.Run, error)
	AddShare(ctx context.Context, x store.Share) (store.Share, error)
	Share(ctx context.Context, token string) (store.Share, error)
	OpenShare(ctx context.Context, token string, at time.Time) error
	EndShares(ctx context.Context, kind, of string) error
}

// server holds what the handlers share.
type server struct {
	Config
	store  storage
	pages  pages
	assets assets
	// headline is (*render.Report).Headline, but in tests.
	headline func(r *render.Report, lang string) render.Headline

	addresses, pastes *limiter // new mailboxes, pasted messages: per client
	logins            *limiter // names and passwords: per client
	checks, whatIfs   *limiter // checks and edits of records: per client
	labs              *limiter // runs of the outbound lab: per client
	checking          *quota   // checks under way: per client and in all
	jobs              jobs     // those of this node
	streams           *quota   // event streams: per client and in all
	transfers         *quota   // octets of messages that are uploaded or downloaded
	work, largeWork   gate     // reports at a time; those of large messages apart
	editing           gate     // messages judged with edited records, which may wait for the DNS
	secondLarge       gate     // the second one of a comparison, where it is large

	heartbeatEvery, pollEvery time.Duration // of an event stream
	deserted, hold            time.Duration // of a check: see checks.go
}

const (
	defaultMaxUpload = 25 << 20
	// mailboxLife is how long a one-time address takes mail.
	mailboxLife = 24 * time.Hour
	// workAtOnce bounds the reports in the making, each of which holds its message; it
	// takes milliseconds and waits for nobody.
	workAtOnce = 4
	// largeMessage and above, one is read at a time: a report needs its message several
	// times over.
	largeMessage = 8 << 20
)

// New gives the handler with all routes:
//
//	GET  /                    home: fresh one-time address, waiting page, paste form
//	POST /address             a fresh address, where GET / gave none (prefetch)
//	GET  /m/{token}           the waiting page of an address (reload keeps it)
//	GET  /m/{token}/events    server-sent events
//	POST /m/{token}/body      when the bodies of messages to it go
//	GET  /check               the field that takes a domain, an address, a bounce, a header
//	POST /check               check it, or explain it
//	GET  /d/{id}              a check, or its progress; /d/{id}.json, .txt, .html
//	GET  /d/{id}/events       server-sent events of its progress
//	POST /d/{id}/again        look at it, or at one finding, anew and past every cache
//	GET  /d/{id}/what-if      the editor of records; POST judges them
//	POST /d/{id}/share        a link that shows it for some days
//	GET  /share/{token}       what the link shows; POST where it shows that once
//	GET  /history?target=     the checks of one target
//	GET  /diff?a=&b=          what changed between two
//	GET  /paste               the paste form alone
//	POST /paste               verify a pasted or dropped message with an assumed envelope
//	GET  /r/{id}              report; /r/{id}.json, /r/{id}.txt, /r/{id}.eml, /r/{id}.bundle.json
//	GET  /r/{id}/what-if      the editor of records for a message; POST judges them
//	GET  /r/{id}/compare      what changed between two messages
//	POST /r/{id}/share        a link that shows its verdict for some days
//	GET  /s/{id}              a failed session
//	GET  /recipes             what to write into the configuration of a mail server
//	GET  /lab                 the outbound lab; POST begins a run
//	GET  /lab/{token}         a run; /lab/{token}.json
//	GET  /reply/confirm       asks whether an address wants reports by mail; POST agrees
//	GET  /operator            recent messages and failed sessions (loopback clients only)
//	GET  /login, /setup, /people, /account, where there are logins (see door)
//	GET  /domains, /domains/{name}, /domains.csv, where there is a panel; POST changes
//	GET  /findings/{id}       what a finding means
//	GET  /mail, /volume, /volume.csv  what became of mail, and how much went out (administrators; customers what is theirs)
//	GET  /warmup, /warmup/{source}, where there are plans; POST begins, changes (administrators only)
//	GET  /healthz             200 when the database answers
//	GET  /assets/...          css, js, icon
func New(c Config) (http.Handler, error) {
	s, err := newServer(c, c.Store)
	if err != nil {
		return nil, err
	}
	return s.handler(), nil
}

func newServer(c Config, st storage) (*server, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxUpload <= 0 {
		c.MaxUpload = defaultMaxUpload
	}
	if c.Checker == nil {
		c.Checker = &check.Checker{Resolver: c.Resolver}
	}
	s := &server{
		Config: c, store: st, headline: (*render.Report).Headline,
		addresses: newLimiter(300, 250*time.Millisecond, 20, 3*time.Second),
		pastes:    newLimiter(100, 250*time.Millisecond, 10, 6*time.Second),
		logins:    newLimiter(30, time.Second, 10, 10*time.Second),
		checks:    newLimiter(100, 250*time.Millisecond, 15, 4*time.Second),
		whatIfs:   newLimiter(300, 100*time.Millisecond, 60, time.Second),
		labs:      newLimiter(60, time.Second, 5, time.Minute),
		checking:  newQuota(64, 4, 32),
		jobs:      jobs{list: map[string]*job{}},
		streams:   newQuota(512, 16, 128),
		transfers: newQuota(transferred, transferredFar, transferredLocal),
		work:      make(gate, workAtOnce), largeWork: make(gate, 1), editing: make(gate, workAtOnce), secondLarge: make(gate, 1),

		heartbeatEvery: defaultHeartbeat, pollEvery: defaultPoll, deserted: defaultDeserted, hold: defaultHold,
	}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if s.pages, err = loadPages(s.assets); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return s, nil
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("POST /address", s.newAddress)
	mux.HandleFunc("GET /m/{token}", s.mailbox)
	mux.HandleFunc("POST /m/{token}/body", s.mailboxBody)
	mux.HandleFunc("GET /m/{token}/events", s.events)
	mux.HandleFunc("GET /recipes", s.recipes)
	mux.HandleFunc("GET /lab", s.labStart)
	mux.HandleFunc("POST /lab", s.labBegin)
	mux.HandleFunc("GET /lab/{token}", s.labRun)
	mux.HandleFunc("GET /check", s.askForm)
	mux.HandleFunc("POST /check", s.ask)
	mux.HandleFunc("GET /d/{id}", s.run)
	mux.HandleFunc("GET /d/{id}/events", s.checkEvents)
	mux.HandleFunc("POST /d/{id}/again", s.againRun)
	mux.HandleFunc("GET /d/{id}/what-if", s.whatIf)
	mux.HandleFunc("POST /d/{id}/what-if", s.whatIf)
	mux.HandleFunc("POST /d/{id}/share", s.share)
	mux.HandleFunc("GET /share/{token}", s.shared)
	mux.HandleFunc("POST /share/{token}", s.shared)
	mux.HandleFunc("GET /history", s.history)
	mux.HandleFunc("GET /diff", s.diff)
	mux.HandleFunc("GET /paste", s.pasteForm)
	mux.HandleFunc("POST /paste", s.paste)
	mux.HandleFunc("GET /r/{id}", s.report)
	mux.HandleFunc("GET /r/{id}/what-if", s.messageWhatIf)
	mux.HandleFunc("POST /r/{id}/what-if", s.messageWhatIf)
	mux.HandleFunc("GET /r/{id}/compare", s.compare)
	mux.HandleFunc("POST /r/{id}/share", s.shareMessage)
	mux.HandleFunc("GET /s/{id}", s.failedSession)
	mux.HandleFunc("GET /reply/confirm", s.agreeForm)
	mux.HandleFunc("POST /reply/confirm", s.agree)
	mux.HandleFunc("GET /findings/{id}", s.finding)
	mux.HandleFunc("GET /operator", s.operator)
	if s.Access != nil {
		s.accessRoutes(mux)
	}
	if s.Panel != nil {
		s.panelRoutes(mux)
	}
	if s.Book != nil {
		s.warmupRoutes(mux)
	}
	if s.Traffic != nil {
		s.trafficRoutes(mux)
	}
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /robots.txt", s.robots)
	mux.HandleFunc("GET /assets/{name}", s.asset)
	mux.HandleFunc("GET /favicon.ico", s.favicon)
	mux.HandleFunc("/", s.notFound)
	return s.secure(s.door(mux))
}

// accessRoutes are those of logins and people.
func (s *server) accessRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /login", s.loginForm)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("GET /setup", s.setupForm)
	mux.HandleFunc("POST /setup", s.setup)
	mux.HandleFunc("GET /people", s.people)
	mux.HandleFunc("POST /people", s.addPerson)
	mux.HandleFunc("POST /people/{id}", s.changePerson)
	mux.HandleFunc("GET /account", s.accountForm)
	mux.HandleFunc("POST /account", s.account)
	if s.Access.HasOpenID() {
		mux.HandleFunc("GET /login/openid", s.openID)
		mux.HandleFunc("GET /login/openid/back", s.openIDBack)
	}
}

func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := s.store.Recent(ctx, 1); err != nil {
		s.Log.Error("the database does not answer", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "the database does not answer")
		return
	}
	fmt.Fprintln(w, "ok")
}

// robots keeps crawlers out: a visit makes an address, and reports are private.
func (s *server) robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "User-agent: *\nDisallow: /\n")
}
