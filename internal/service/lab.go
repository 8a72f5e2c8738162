package service

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/store"
)

// OutboundLab is what is needed of the outbound lab.
type OutboundLab interface {
	// Begin makes a run.
	Begin(ctx context.Context, client netip.Addr) (store.LabRun, error)
	// Matrix reads a run and judges it. store.ErrNotFound.
	Matrix(ctx context.Context, token string) (*lab.Matrix, error)
}

// LabRun is a run of the outbound lab: how a mail server sends.
type LabRun struct {
	Token     string        `json:"token" example:"7f3k9m2q4w8xz" doc:"names the run; who knows it sees the run"`
	Created   time.Time     `json:"created"`
	Expires   time.Time     `json:"expires" doc:"mail is taken until then"`
	Page      string        `json:"page" doc:"for people, with what each verdict means and what to set"`
	State     string        `json:"state"`
	Profile   LabProfile    `json:"profile"`
	Receivers []LabReceiver `json:"receivers" doc:"send one message to the addresses of all"`
}

// LabProfile is how the mail server sends, as far as it can be told.
type LabProfile struct {
	TLS    string `json:"tls" enum:",none,opportunistic,mandatory,strict" doc:"empty while it is not known"`
	MTASTS string `json:"mta_sts" enum:",yes,no" doc:"whether it keeps to MTA-STS policies; empty while it is not known"`
	DANE   string `json:"dane" enum:",yes,no" doc:"whether it checks DANE; empty while it is not known"`
}

// LabReceiver is one virtual receiver.
type LabReceiver struct {
	Receiver string       `json:"receiver" example:"greylist" doc:"its name says how it behaves"`
	Address  string       `json:"address" example:"7f3k9m2q4w8xz@greylist.lab.example.com"`
	Verdict  string       `json:"verdict" enum:"good,fine,worse,bad,waiting,unseen,untestable"`
	Reason   string       `json:"reason" example:"greylist-passed" doc:"why, a stable word"`
	Advice   string       `json:"advice" example:"backoff" doc:"what to set, a stable word; empty for nothing"`
	Attempts []LabAttempt `json:"attempts" doc:"oldest first; what the mail server says of itself comes from outside"`
}

// LabAttempt is what the mail server did there, once.
type LabAttempt struct {
	At      time.Time `json:"at"`
	From    string    `json:"from" example:"192.0.2.25" doc:"address of the mail server"`
	HELO    string    `json:"helo" example:"mail.example.com"`
	TLS     string    `json:"tls" example:"TLS 1.3" doc:"version; empty without TLS"`
	Cipher  string    `json:"cipher" example:"TLS_AES_128_GCM_SHA256"`
	SNI     string    `json:"sni" example:"mx-good.lab.example.com"`
	Error   string    `json:"tls_error" doc:"why there is no TLS although it was begun"`
	Stage   string    `json:"stage" enum:"connect,greeted,tls,mail,rcpt,data" doc:"how far it came"`
	Outcome string    `json:"outcome" enum:"accepted,deferred,refused,left,tls-error,reset,policy"`
	Reply   string    `json:"reply" example:"451 4.7.1 Greylisted: try again in 300 seconds" doc:"ours to the recipient or the message"`
}

// NewLabRun begins a run. NotFound where there is no lab.
func (s *Service) NewLabRun(ctx context.Context, client netip.Addr, base string) (*LabRun, error) {
	if s.Lab == nil {
		return nil, &Problem{Word: NotFound}
	}
	r, err := s.Lab.Begin(ctx, client)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	return s.LabRun(ctx, r.Token, base)
}

// LabRun gives a run and its matrix.
func (s *Service) LabRun(ctx context.Context, token, base string) (*LabRun, error) {
	if s.Lab == nil {
		return nil, &Problem{Word: NotFound}
	}
	m, err := s.Lab.Matrix(ctx, token)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	return LabRunOf(m, base), nil
}

// LabRunOf makes the object of a matrix.
func LabRunOf(m *lab.Matrix, base string) *LabRun {
	out := &LabRun{
		Token: m.Token, Created: m.Begun, Expires: m.Expires, Page: base + "/lab/" + m.Token, State: base + "/api/v1/lab/" + m.Token,
		Profile: LabProfile(m.Profile), Receivers: make([]LabReceiver, 0, len(m.Cells)),
	}
	for _, c := range m.Cells {
		r := LabReceiver{Receiver: c.Receiver, Address: c.Address, Verdict: string(c.Verdict), Reason: c.Reason, Advice: c.Advice, Attempts: []LabAttempt{}}
		for _, a := range c.Attempts {
			t := LabAttempt{At: a.At, From: a.IP.String(), HELO: a.HELO, Stage: a.Stage, Outcome: a.Outcome, Reply: a.Reply}
			if a.TLS != nil {
				t.TLS, t.Cipher, t.SNI, t.Error = a.TLS.Version, a.TLS.Cipher, a.TLS.ServerName, a.TLS.Error
			}
			r.Attempts = append(r.Attempts, t)
		}
		out.Receivers = append(out.Receivers, r)
	}
	return out
}
