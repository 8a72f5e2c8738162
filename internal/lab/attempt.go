package lab

import (
	"context"
	"encoding/json"
	"net/netip"
	"time"

	"github.com/todoku/todoku/internal/caller"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/store"
)

// The outcomes of an attempt.
const (
	Accepted = "accepted" // the message was taken
	Deferred = "deferred" // it was put off with 4xx
	Refused  = "refused"  // it was refused with 5xx
	Left     = "left"     // the client went before there was an answer
	TLSError = "tls-error"
	Reset    = "reset"  // we reset the connection
	Policy   = "policy" // the MTA-STS policy was fetched
)

// The stages that an attempt reached.
const (
	AtConnect = "connect"
	AtGreeted = "greeted"
	AtTLS     = "tls"
	AtMail    = "mail"
	AtRCPT    = "rcpt"
	AtData    = "data"
)

// Attempt is what a mail server did at a receiver, once. Its texts come from outside.
type Attempt struct {
	At       time.Time  `json:"at"`
	Receiver string     `json:"receiver,omitempty"`
	IP       netip.Addr `json:"ip"`
	HELO     string     `json:"helo,omitempty"`
	// TLS is nil where none was begun.
	TLS     *evidence.TLS `json:"tls,omitempty"`
	Stage   string        `json:"stage"`
	Outcome string        `json:"outcome"`
	// Reply is our last one to the recipient or the message, "" for none.
	Reply string `json:"reply,omitempty"`
	// Octets is the size of the message as far as it came.
	Octets int64 `json:"octets,omitempty"`
	// Parameters are those of MAIL FROM.
	Parameters []string `json:"parameters,omitempty"`
	// Pipelined: commands came before the reply to the one before. EightBit: octets above
	// 127 were in the message.
	Pipelined bool `json:"pipelined,omitempty"`
	EightBit  bool `json:"eight_bit,omitempty"`
}

// Encrypted reports whether the attempt was made inside TLS.
func (a *Attempt) Encrypted() bool { return a.TLS != nil && a.TLS.Error == "" }

// What is read of a run.
const (
	maxAttempts  = 2000
	maxStrangers = 500
	maxNetworks  = 8
	storeWithin  = 10 * time.Second
)

// keep stores an attempt of a run, or with token "" of a stranger.
func (l *Lab) keep(ctx context.Context, token string, a *Attempt) error {
	if token == "" && !l.strangers.Allow() {
		return nil
	}
	seen, err := json.Marshal(a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	err = l.cfg.Store.AddLabAttempt(ctx, &store.LabAttempt{
		Token: token, Receiver: a.Receiver, Network: caller.Network(a.IP).String(), At: a.At, Seen: seen,
	})
	if err != nil {
		l.cfg.Log.Error("an attempt at the lab could not be stored", "error", err)
	}
	return err
}

// Begin makes a run.
func (l *Lab) Begin(ctx context.Context, client netip.Addr) (store.LabRun, error) {
	now := l.cfg.Now()
	return l.cfg.Store.AddLabRun(ctx, store.LabRun{Created: now, Expires: now.Add(Life), ClientIP: client.String()})
}

// Matrix reads a run and judges it. store.ErrNotFound.
func (l *Lab) Matrix(ctx context.Context, token string) (*Matrix, error) {
	run, err := l.cfg.Store.LabRun(ctx, token)
	if err != nil {
		return nil, err
	}
	list, err := l.cfg.Store.LabAttempts(ctx, token, maxAttempts)
	if err != nil {
		return nil, err
	}
	in := Input{Domain: l.cfg.Domain, Token: token, Begun: run.Created, Expires: run.Expires, Now: l.cfg.Now(), Patience: l.cfg.Greylist, Setup: l.setup(ctx)}
	in.Attempts = decode(list)
	seen := map[string]bool{}
	for _, a := range list {
		if seen[a.Network] || len(seen) == maxNetworks {
			continue
		}
		seen[a.Network] = true
		strangers, err := l.cfg.Store.LabStrangers(ctx, a.Network, run.Created, maxStrangers)
		if err != nil {
			return nil, err
		}
		in.Strangers = append(in.Strangers, decode(strangers)...)
	}
	return Judge(in), nil
}

// decode reads stored attempts; one that cannot be read is left out.
func decode(list []store.LabAttempt) []Attempt {
	out := make([]Attempt, 0, len(list))
	for _, s := range list {
		var a Attempt
		if json.Unmarshal(s.Seen, &a) == nil {
			a.Receiver, a.At = s.Receiver, s.At
			out = append(out, a)
		}
	}
	return out
}
