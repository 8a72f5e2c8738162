package serve

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/receiver"
	"github.com/todoku/todoku/internal/ses"
	"github.com/todoku/todoku/internal/sns"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// SESPath is where Amazon SNS posts events of Amazon SES.
const SESPath = "/hooks/ses"

// SESConfig is how events of Amazon SES are taken.
type SESConfig struct {
	// Topics are the ARNs of the topics of Amazon SNS that are listened to; no other one is.
	Topics []string
	warmup.EventOptions
	// Client fetches the certificates of SNS and confirms subscriptions; a *fetch.Client.
	Client sns.Doer
	// Now is the clock, nil for that of the system.
	Now func() time.Time
}

const (
	// eventsAtOnce are taken at one time; readAtOnce are read, of one client readFar.
	eventsAtOnce, readAtOnce, readFar = 16, 64, 16
	// eventTime bounds one, readTime the reading of it: anybody can come and be slow.
	eventTime, readTime = 20 * time.Second, 5 * time.Second
	// sayEvery is how often it is said that messages are refused, which anybody can send.
	sayEvery = time.Minute
)

// sesDoor takes messages of SNS.
type sesDoor struct {
	SESConfig
	verifier *sns.Verifier
	store    *store.Store
	log      *slog.Logger
	gate     chan struct{}

	mu       sync.Mutex
	reading  int
	clients  map[netip.Prefix]int // of those
	said     time.Time
	unspoken int
}

func newSESDoor(c SESConfig, st *store.Store, log *slog.Logger) (*sesDoor, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	v, err := sns.NewVerifier(sns.Config{Topics: c.Topics, Client: c.Client, Now: c.Now})
	if err != nil {
		return nil, err
	}
	return &sesDoor{SESConfig: c, verifier: v, store: st, log: log, gate: make(chan struct{}, eventsAtOnce), clients: map[netip.Prefix]int{}}, nil
}

// ServeHTTP answers 200 to what was taken, or taken before; 4xx to what is not from our topics, so that it is not sent again; 503 where it is to
// be sent again later.
func (d *sesDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "Amazon SNS posts here", http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), eventTime)
	defer cancel()
	body, code := d.read(w, r)
	if code != 0 {
		http.Error(w, http.StatusText(code), code)
		return
	}
	select {
	case d.gate <- struct{}{}:
		defer func() { <-d.gate }()
	case <-ctx.Done():
		http.Error(w, "too many at one time", http.StatusServiceUnavailable)
		return
	}
	var err error
	if r.Header.Get("X-Amz-Sns-Rawdelivery") == "true" {
		err = errors.New("raw message delivery has no signature: switch it off in the subscription")
	} else {
		err = d.take(ctx, body)
	}
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case lasting(err), r.Header.Get("X-Amz-Sns-Rawdelivery") == "true":
		d.refused(err)
		http.Error(w, "refused", http.StatusForbidden)
	default:
		d.log.Error("a message of Amazon SNS could not be taken; it will be sent again", "error", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	}
}

// read gives the body, or the status to answer with.
func (d *sesDoor) read(w http.ResponseWriter, r *http.Request) (body []byte, status int) {
	if r.ContentLength > sns.MaxMessage {
		return nil, http.StatusRequestEntityTooLarge
	}
	from := caller.Address(r)
	client, most := caller.Network(from), readFar
	if from.IsLoopback() { // a reverse proxy
		most = readAtOnce
	}
	d.mu.Lock()
	if d.reading >= readAtOnce || d.clients[client] >= most {
		d.mu.Unlock()
		return nil, http.StatusServiceUnavailable
	}
	d.reading++
	d.clients[client]++
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.reading--
		if d.clients[client]--; d.clients[client] == 0 {
			delete(d.clients, client)
		}
	}()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, sns.MaxMessage))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	return body, 0
}

// lasting reports that sending the same again will not help.
func lasting(err error) bool {
	for _, e := range []error{sns.ErrNoMessage, sns.ErrTopic, sns.ErrTime, sns.ErrSignature, sns.ErrURL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// refused says now and then that messages are refused, and why the last one was.
func (d *sesDoor) refused(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unspoken++
	if now := d.Now(); now.Sub(d.said) >= sayEvery || now.Before(d.said) {
		d.log.Warn("messages to the address for Amazon SNS are refused", "count", d.unspoken, "why", err)
		d.said, d.unspoken = now, 0
	}
}

func (d *sesDoor) take(ctx context.Context, body []byte) error {
	m, err := sns.Parse(body)
	if err != nil {
		return err
	}
	if err := d.verifier.Verify(ctx, m); err != nil {
		return err
	}
	switch m.Type {
	case sns.Subscribe:
		if err := d.verifier.Confirm(ctx, m); err != nil {
			return err
		}
		d.log.Info("the subscription to a topic of Amazon SNS is confirmed", "topic", m.TopicArn)
		return nil
	case sns.Unsubscribe:
		d.log.Warn("a topic of Amazon SNS sends no more: the subscription was ended", "topic", m.TopicArn)
		return nil
	}
	return d.notification(ctx, m)
}

// notification takes in one event, once: SES's own name for it tells whether it came before.
func (d *sesDoor) notification(ctx context.Context, m *sns.Message) error {
	e, err := ses.Parse([]byte(m.Message))
	if err != nil { // SES itself begins with a sentence that the topic is right
		d.log.Info("a message of Amazon SNS is no event of Amazon SES", "topic", m.TopicArn, "message", m.MessageID)
		return nil
	}
	_, err = warmup.TakeEvents(ctx, d.store, []ses.Event{e}, d.EventOptions, d.Now())
	return err
}

// ownSES is how this program takes events, nil where it takes none: it finds the providers of domains as its milter does.
func (p *program) ownSES() *SESConfig {
	if p.SES == nil {
		return nil
	}
	own := *p.SES
	own.Receivers = receiver.New(p.Resolver, nil)
	return &own
}

// withSES puts the door for SNS beside the others.
func withSES(c *SESConfig, st *store.Store, log *slog.Logger, others http.Handler) (http.Handler, error) {
	if c == nil {
		return others, nil
	}
	d, err := newSESDoor(*c, st, log)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(SESPath, d)
	mux.Handle("/", others)
	return mux, nil
}
