package service

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/traffic"
)

// MailMessage is what became of a message in the mail flow, and why.
type MailMessage struct {
	ID        string         `json:"id"`
	At        time.Time      `json:"at"`
	Direction string         `json:"direction" enum:"in,out"`
	Queue     string         `json:"queue" doc:"the mail server's name for it" example:"4Yx0Jq1RZz"`
	MessageID string         `json:"message_id"`
	Client    string         `json:"client" doc:"the IP address that it came from; empty for a local program"`
	HELO      string         `json:"helo"`
	User      string         `json:"user"`
	MailFrom  string         `json:"mail_from"`
	Rcpts     []string       `json:"rcpts" doc:"the first ones"`
	RcptCount int            `json:"rcpt_count"`
	Author    string         `json:"author" doc:"the domain of From"`
	Source    string         `json:"source" doc:"the address that it goes out from; empty where it is not known"`
	Receivers map[string]int `json:"receivers" doc:"recipients of an outgoing message by provider; * for any other"`
	Size      int64          `json:"size" doc:"of the body, in octets"`
	Action    string         `json:"action" enum:"accept,tag,quarantine,hold,defer,reject"`
	Paced     bool           `json:"paced" doc:"a warm-up plan put it off"`
	Done      string         `json:"done" doc:"what was done with it, in words"`
	Outcome   string         `json:"outcome" doc:"what authentication made of an incoming message: dmarc-pass, dmarc-reject ...; empty of an outgoing one"`
	Found     string         `json:"found" doc:"that in words"`
	Reason    string         `json:"reason"`
	Override  *MailOverride  `json:"override" doc:"why a DMARC failure did not count; null where it did, or there was none"`
	Results   string         `json:"results" doc:"as Authentication-Results has them"`
	Signed    []string       `json:"signed" doc:"the signatures that it got"`
	Findings  []MailFinding  `json:"findings"`
}

// MailOverride is why a DMARC failure did not count.
type MailOverride struct {
	Type    string `json:"type" doc:"of RFC 9990: trusted_forwarder, mailing_list, local_policy"`
	Comment string `json:"comment"`
}

// MailFinding is something that the operator should know of a message.
type MailFinding struct {
	ID    string `json:"id" example:"dkim.no-key" doc:"get-finding says what it means, and what to do"`
	Title string `json:"title"`
	Text  string `json:"text" doc:"what was so of this message"`
}

// MailMessages are those that were found.
type MailMessages struct {
	Messages []MailMessage `json:"messages" doc:"the youngest first"`
	More     bool          `json:"more" doc:"whether there are others"`
}

// MailQuery finds messages.
type MailQuery struct {
	Name, From, To string
	Limit          int
}

// VolumeRow is how much of one kind went out on a day.
type VolumeRow struct {
	Day      string `json:"day" example:"2026-11-22" doc:"of UTC"`
	Domain   string `json:"domain" doc:"of From; * for more than are counted apart, empty where From names none"`
	Source   string `json:"source" doc:"the address that it went out from; empty where it is not known"`
	Provider string `json:"provider" example:"gmail" doc:"who receives; * for any other"`
	Messages int64  `json:"messages" doc:"recipients that mail went to"`
	Paced    int64  `json:"paced" doc:"recipients for whom a plan put mail off"`
}

// MailVolume is how much went out.
type MailVolume struct {
	From     string      `json:"from" example:"2026-11-16"`
	To       string      `json:"to" example:"2026-11-22"`
	Rows     []VolumeRow `json:"rows" doc:"the youngest day first"`
	More     bool        `json:"more" doc:"whether there are more rows than were asked for, or a customer has more than 200 domains and named none"`
	Messages int64       `json:"messages" doc:"sum of these rows"`
	Paced    int64       `json:"paced" doc:"sum of these rows"`
}

// MailMessages finds what became of messages that one may see. NotFound where nothing is kept, as in the other methods.
func (s *Service) MailMessages(ctx context.Context, who panel.Who, q MailQuery, lang string) (*MailMessages, error) {
	if s.Traffic == nil {
		return nil, &Problem{Word: NotFound}
	}
	from, err := traffic.Moment("from", q.From, false)
	if err != nil {
		return nil, trafficProblem(ctx, err)
	}
	to, err := traffic.Moment("to", q.To, true)
	if err != nil {
		return nil, trafficProblem(ctx, err)
	}
	list, more, err := s.Traffic.Messages(ctx, who, traffic.Query{Name: q.Name, From: from, To: to, Limit: q.Limit})
	if err != nil {
		return nil, trafficProblem(ctx, err)
	}
	out := &MailMessages{Messages: make([]MailMessage, 0, len(list)), More: more}
	for i := range list {
		out.Messages = append(out.Messages, MailMessageOf(&list[i], knownLang(lang)))
	}
	return out, nil
}

// MailVolume gives how much went out.
func (s *Service) MailVolume(ctx context.Context, who panel.Who, q traffic.VolumeQuery) (*MailVolume, error) {
	if s.Traffic == nil {
		return nil, &Problem{Word: NotFound}
	}
	v, err := s.Traffic.Volume(ctx, who, q)
	if err != nil {
		return nil, trafficProblem(ctx, err)
	}
	out := &MailVolume{From: v.From, To: v.To, Rows: make([]VolumeRow, 0, len(v.Rows)), More: v.More || v.Unread, Messages: v.Messages, Paced: v.Paced}
	for _, r := range v.Rows {
		out.Rows = append(out.Rows, VolumeRow{Day: r.Day, Domain: r.Author, Source: r.Source, Provider: r.Provider, Messages: r.Messages, Paced: r.Paced})
	}
	return out, nil
}

// MailVolumeFile gives the same as CSV.
func (s *Service) MailVolumeFile(ctx context.Context, who panel.Who, q traffic.VolumeQuery) ([]byte, error) {
	if s.Traffic == nil {
		return nil, &Problem{Word: NotFound}
	}
	q.Limit = traffic.MaxFileRows
	v, err := s.Traffic.Volume(ctx, who, q)
	if err != nil {
		return nil, trafficProblem(ctx, err)
	}
	var b bytes.Buffer
	if err := v.WriteCSV(&b); err != nil {
		return nil, problemOf(ctx, err)
	}
	return b.Bytes(), nil
}

func trafficProblem(ctx context.Context, err error) error {
	var bad *traffic.Invalid
	if errors.As(err, &bad) {
		return &Problem{Word: Invalid, Field: bad.Field, Text: bad.Text}
	}
	if errors.Is(err, store.ErrNotFound) { // the domain that was named
		return domainProblem(ctx, err)
	}
	return problemOf(ctx, err)
}

// MailMessageOf makes the object of an event.
func MailMessageOf(e *store.MailEvent, lang string) MailMessage {
	out := MailMessage{
		ID: e.ID, At: e.At, Direction: "in", Queue: e.Queue, MessageID: e.MessageID, Client: e.Client, HELO: e.HELO, User: e.User, MailFrom: e.MailFrom,
		Rcpts: append([]string{}, e.Rcpts...), RcptCount: e.RcptCount, Author: e.Author, Source: e.Source, Receivers: map[string]int{}, Size: e.Size, Action: e.Action, Paced: e.Paced,
		Done: traffic.Done(e).In(lang), Outcome: e.Outcome, Found: traffic.Found(e).In(lang), Reason: traffic.Say(e.Reason, lang), Results: e.Results,
		Signed: append([]string{}, e.Signed...), Findings: make([]MailFinding, 0, len(e.Findings)),
	}
	if e.Outgoing {
		out.Direction = "out"
	}
	for id, n := range e.Receivers {
		out.Receivers[id] = n
	}
	if e.Override != "" {
		out.Override = &MailOverride{e.Override, traffic.Say(e.Comment, lang)}
	}
	for _, f := range e.Findings {
		out.Findings = append(out.Findings, MailFinding{ID: f[0], Title: catalogue.Finding{ID: f[0]}.Title(lang), Text: traffic.Say(f[1], lang)})
	}
	return out
}
