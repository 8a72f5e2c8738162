// Package ses reads what Amazon SES says of mail that was sent through it: events of a configuration set ("eventType"), feedback
// notifications ("notificationType"), either bare, in the envelope of Amazon SNS, or in that of Amazon EventBridge. The shapes are those
// of the Amazon SES developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS" (2026-11). It asks nobody.
package ses

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/todoku/todoku/dns"
)

// Kind is what happened.
type Kind string

// The kinds that are told apart.
const (
	Send      Kind = "Send"          // SES took the message
	Delivery  Kind = "Delivery"      // the recipient's server took it
	Bounce    Kind = "Bounce"        // it will not be delivered
	Complaint Kind = "Complaint"     // a recipient pressed "this is spam"
	Delay     Kind = "DeliveryDelay" // put off, SES goes on trying
	Reject    Kind = "Reject"        // SES did not send it: it holds a virus
	Other     Kind = ""              // opens, clicks, subscriptions: nothing about delivery
)

// Bounds: SES allows 50 recipients a message.
const (
	// MaxEvent is the longest event, in octets: SNS carries 256 KiB, which may double as text in JSON.
	MaxEvent      = 1 << 20
	maxRecipients = 1000
	maxText       = 1000
)

// ErrNoEvent: it is none of the shapes.
var ErrNoEvent = errors.New("it is no event of Amazon SES")

// Event is one of them.
type Event struct {
	// ID is the same for the same event, however often and in whatever envelope it comes.
	ID   string
	Kind Kind
	At   time.Time
	// Message is the ID that SES gave the message; Domain the domain of its From, "" where none is told.
	Message, Domain string
	// Source is the address that it went out from, "" where SES does not tell: it does in Delivery events of a configuration set.
	Source     string
	Recipients []Recipient
	// Type and SubType: bounceType and bounceSubType (Permanent, OnAccountSuppressionList), delayType (IPFailure), complaintFeedbackType
	// (abuse) and complaintSubType.
	Type, SubType string
	// MTA is the host that said so, "" where none is told.
	MTA string
}

// Recipient is whom it happened to.
type Recipient struct {
	Address string
	// Reply is what the recipient's server said: "550 5.1.1 user unknown"; "" where none is told.
	Reply string
}

type person struct {
	EmailAddress   string `json:"emailAddress"`
	Status         string `json:"status"`
	DiagnosticCode string `json:"diagnosticCode"`
}

type record struct {
	EventType        string          `json:"eventType"`
	NotificationType string          `json:"notificationType"`
	Mail             *sent           `json:"mail"`
	Bounce           *outcome        `json:"bounce"`
	Complaint        *outcome        `json:"complaint"`
	Delivery         *outcome        `json:"delivery"`
	DeliveryDelay    *outcome        `json:"deliveryDelay"`
	Message          *string         `json:"Message"` // of an envelope of SNS
	Detail           json.RawMessage `json:"detail"`  // of EventBridge
}

type sent struct {
	Timestamp     string              `json:"timestamp"`
	MessageID     string              `json:"messageId"`
	Source        string              `json:"source"`
	Destination   []string            `json:"destination"`
	Tags          map[string][]string `json:"tags"`
	CommonHeaders struct {
		From []string `json:"from"`
	} `json:"commonHeaders"`
}

// outcome is any of the objects that an event may have.
type outcome struct {
	Timestamp             string   `json:"timestamp"`
	FeedbackID            string   `json:"feedbackId"`
	ReportingMTA          string   `json:"reportingMTA"`
	BounceType            string   `json:"bounceType"`
	BounceSubType         string   `json:"bounceSubType"`
	BouncedRecipients     []person `json:"bouncedRecipients"`
	ComplaintFeedbackType string   `json:"complaintFeedbackType"`
	ComplaintSubType      string   `json:"complaintSubType"`
	ComplainedRecipients  []person `json:"complainedRecipients"`
	DelayType             string   `json:"delayType"`
	DelayedRecipients     []person `json:"delayedRecipients"`
	Recipients            []string `json:"recipients"`
	SMTPResponse          string   `json:"smtpResponse"`
}

// Parse reads an event, in or without an envelope. The error wraps ErrNoEvent, or is that of the JSON.
func Parse(data []byte) (Event, error) { return parse(data, 2) }

func parse(data []byte, envelopes int) (Event, error) {
	if len(data) > MaxEvent {
		return Event{}, fmt.Errorf("%w: more than %d octets", ErrNoEvent, MaxEvent)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return Event{}, fmt.Errorf("reading an event of Amazon SES: %w", err)
	}
	switch {
	case r.Mail != nil && (r.EventType != "" || r.NotificationType != ""):
		return r.event()
	case envelopes > 0 && r.Message != nil:
		return parse([]byte(*r.Message), envelopes-1)
	case envelopes > 0 && len(r.Detail) > 0:
		return parse(r.Detail, envelopes-1)
	}
	return Event{}, ErrNoEvent
}

func (r *record) event() (Event, error) {
	e := Event{Message: cut(r.Mail.MessageID), Domain: r.Mail.domain(), Source: r.Mail.address()}
	kind, o := r.EventType, &outcome{}
	if kind == "" {
		kind = r.NotificationType
	}
	for _, k := range []struct {
		kind Kind
		of   *outcome
	}{{Send, &outcome{}}, {Reject, &outcome{}}, {Delivery, r.Delivery}, {Bounce, r.Bounce}, {Complaint, r.Complaint}, {Delay, r.DeliveryDelay}} {
		if kind != string(k.kind) {
			continue
		}
		if k.of == nil {
			return Event{}, fmt.Errorf("%w: %s without its details", ErrNoEvent, kind)
		}
		e.Kind, o = k.kind, k.of
	}
	at := o.Timestamp
	if at == "" {
		at = r.Mail.Timestamp
	}
	var err error
	if e.At, err = time.Parse(time.RFC3339, at); err != nil {
		return Event{}, fmt.Errorf("%w: its time is %.40q", ErrNoEvent, at)
	}
	e.read(o, r.Mail)
	e.ID = e.identity(o.FeedbackID)
	return e, nil
}

// read takes in what the kind has.
func (e *Event) read(o *outcome, m *sent) {
	people := map[Kind][]person{Bounce: o.BouncedRecipients, Complaint: o.ComplainedRecipients, Delay: o.DelayedRecipients}[e.Kind]
	addresses := o.Recipients
	if len(people) == 0 && len(addresses) == 0 {
		addresses = m.Destination
	}
	for _, p := range people[:min(len(people), maxRecipients)] {
		reply := p.DiagnosticCode
		if _, rest, ok := strings.Cut(reply, ";"); ok && strings.EqualFold(strings.TrimSpace(reply[:len(reply)-len(rest)-1]), "smtp") {
			reply = rest // RFC 3464 section 2.3.6
		}
		e.Recipients = append(e.Recipients, Recipient{Address: bare(p.EmailAddress), Reply: cut(strings.TrimSpace(reply))})
	}
	if len(people) == 0 {
		for _, a := range addresses[:min(len(addresses), maxRecipients)] {
			e.Recipients = append(e.Recipients, Recipient{Address: bare(a), Reply: cut(o.SMTPResponse)})
		}
	}
	switch e.Kind {
	case Bounce:
		e.Type, e.SubType = cut(o.BounceType), cut(o.BounceSubType)
	case Complaint:
		e.Type, e.SubType = cut(o.ComplaintFeedbackType), cut(o.ComplaintSubType)
	case Delay:
		e.Type = cut(o.DelayType)
	}
	mta := o.ReportingMTA
	if _, rest, ok := strings.Cut(mta, ";"); ok { // "dsn; mta.example.com"
		mta = rest
	}
	e.MTA = cut(strings.TrimSpace(mta))
}

// identity is a hash of what makes an event this one.
func (e *Event) identity(feedback string) string {
	h := sha256.New()
	for _, part := range []string{string(e.Kind), e.Message, feedback, e.At.UTC().Format(time.RFC3339Nano)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	for _, r := range e.Recipients {
		fmt.Fprintf(h, "%d:%s", len(r.Address), r.Address)
	}
	return "ses:" + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// domain is that of From, else of the envelope's sender.
func (m *sent) domain() string {
	for _, list := range [][]string{m.Tags["ses:from-domain"], m.CommonHeaders.From, {m.Source}} {
		if len(list) == 0 {
			continue
		}
		a := bare(list[0])
		if d := dns.CanonicalName(a[strings.LastIndexByte(a, '@')+1:]); strings.Contains(d, ".") && dns.ValidName(d) && !strings.ContainsFunc(d, special) {
			return d
		}
	}
	return ""
}

// special reports what no domain of an address has in it: it is left of an address that cannot be read.
func special(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[]\,;:"@`, r) }

// address is where the message went out from.
func (m *sent) address() string {
	if list := m.Tags["ses:outgoing-ip"]; len(list) == 1 {
		if a, err := netip.ParseAddr(list[0]); err == nil && a.Zone() == "" {
			return a.Unmap().String()
		}
	}
	return ""
}

// bare is an address without a display name.
func bare(s string) string {
	s = cut(s)
	if strings.ContainsAny(s, "<\" (") {
		if a, err := mail.ParseAddress(s); err == nil {
			return a.Address
		}
	}
	return strings.TrimSpace(s)
}

func cut(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxText)], "") }
