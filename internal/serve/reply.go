package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/todoku/todoku/internal/fetch"
	"github.com/todoku/todoku/internal/outbound"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/reply"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/verify"
)

// ReplyConfig is how mail to check-auth@ is answered.
type ReplyConfig struct {
	// Local is the local part of the address.
	Local string
	// Smart relays our mail; nil: it goes to the mail exchangers of the recipients, by Dialer.
	Smart  *outbound.SmartHost
	Dialer *fetch.Dialer
	// Keys sign it; there are none only where the operator said so.
	Keys []reply.Key
}

// answers is what answers mail, and what sends the answers; both nil where nothing is answered.
type answers struct {
	responder *reply.Responder
	queue     *outbound.Queue
}

func newAnswers(c Config, st *store.Store, pages net.Addr) (answers, error) {
	if c.Reply == nil {
		return answers{}, nil
	}
	q, err := outbound.New(outbound.Config{
		Store: st, Hostname: c.Hostname, Resolver: c.Resolver, Dialer: c.Reply.Dialer, Smart: c.Reply.Smart, Log: c.Log,
	})
	if err != nil {
		return answers{}, err
	}
	at := c.PublicURL
	if at == "" {
		at = "http://" + pages.String()
	}
	at = strings.TrimSuffix(at, "/")
	own := []string{c.Hostname}
	if !strings.Contains(c.Hostname, ".") {
		own = nil
	}
	r, err := reply.New(reply.Config{
		Store: st, Queued: q.Wake, Addresses: reply.Addresses{Local: c.Reply.Local, Domain: c.MailDomain}, Own: own, Keys: c.Reply.Keys,
		Link: func(id string) string { return at + "/r/" + id }, Page: c.PublicURL, Log: c.Log,
		Judged: func(ctx context.Context, m *store.Message) *render.Report {
			return verify.Replay(ctx, &m.Evidence, m.ID, nil)
		},
	})
	if err != nil {
		return answers{}, err
	}
	if len(c.Reply.Keys) == 0 {
		c.Log.Warn("answers by mail are not signed: many receivers will not take them", "configure", "dkim-key")
	}
	return answers{r, q}, nil
}

// agree is how an address agrees on a page; nil where nothing is answered.
func (a answers) agree() func(context.Context, string) (string, bool, error) {
	if a.responder == nil {
		return nil
	}
	return a.responder.Agree
}

// open opens the reports of mail to the addresses that answer: their senders were told where
// they are, and have no login.
func (a answers) open(st *store.Store) func(*http.Request) bool {
	if a.responder == nil {
		return nil
	}
	return func(r *http.Request) bool {
		name, report := strings.CutPrefix(r.URL.Path, "/r/")
		if !report || r.Method != http.MethodGet && r.Method != http.MethodHead {
			return false
		}
		id, _, _ := strings.Cut(name, ".")
		to, err := st.ServiceRecipient(r.Context(), id)
		if err != nil {
			return false
		}
		at := strings.LastIndexByte(to, '@')
		return at > 0 && a.responder.Takes(to[:at])
	}
}

func (a answers) run(ctx context.Context) error {
	if err := a.queue.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("sending mail: %w", err)
	}
	return nil
}
