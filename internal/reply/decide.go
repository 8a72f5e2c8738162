package reply

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
	"github.com/todoku/todoku/spf"
)

// Why a message gets no answer, or "" where it gets one.
type Why string

// The reasons, in the order in which they are looked at.
const (
	NotAsked        Why = "not-asked"         // not received by SMTP for an address that answers
	NullPath        Why = "null-path"         // a notification, or an answer itself
	OddAddress      Why = "odd-address"       // quoted, literal or not ASCII
	OurOwn          Why = "our-own"           // it would come back to us
	Program         Why = "program"           // no-reply, mailer-daemon ...
	Loop            Why = "loop"              // it has been through here, or answers what has
	AutoSubmitted   Why = "auto-submitted"    // RFC 3834 section 5
	Bulk            Why = "bulk"              // Precedence
	List            Why = "list"              // List-...
	Unauthenticated Why = "not-authenticated" // neither SPF nor DKIM show that the envelope sender is true
	Unconfirmed     Why = "not-confirmed"     // the other address did not agree yet
	Limited         Why = "too-much-mail"     // so much was sent lately
	Defect          Why = "cannot-be-written"
	NoRoom          Why = "storage-full" // the report waits at its link
)

// Input is what is known of a message that was received.
type Input struct {
	Addresses Addresses
	// Own are further domains of ours: those below them are too.
	Own     []string
	Source  string
	Session evidence.Session
	Message *message.Message
	Auth    mailauth.Result
}

// Decision says who gets a report.
type Decision struct {
	Purpose Purpose
	// To is where the report goes: where Why is "", or Unconfirmed.
	To string
	// Token is that of Confirm and Stop.
	Token string
	Why   Why
}

// decide says who, if anybody, is answered. For Elsewhere it does not know whether the
// address agreed: Why is then Unconfirmed.
func decide(in Input) Decision {
	d := Decision{Why: NotAsked}
	if in.Source != "smtp" && in.Source != "lmtp" || len(in.Session.Recipients) != 1 || !in.Session.HasMailFrom {
		return d
	}
	at := strings.LastIndexByte(in.Session.Recipients[0], '@')
	if at < 0 {
		return d
	}
	var holds string
	d.Purpose, holds = in.Addresses.Parse(in.Session.Recipients[0][:at])
	switch d.Purpose {
	case Test:
		d.To = in.Session.MailFrom
	case Elsewhere:
		d.To = holds
	case Confirm, Stop:
		d.Token = holds
	default:
		return d
	}
	d.Why = in.refuses(d)
	return d
}

func (in *Input) refuses(d Decision) Why {
	why, answers := machine(in.Message, in.Addresses)
	if d.Token != "" || why != "" { // an answer to our question is what we asked for
		return why
	}
	if answers {
		return Loop
	}
	if in.Session.MailFrom == "" {
		return NullPath
	}
	if why := in.recipient(d.To); why != "" {
		return why
	}
	switch {
	case d.Purpose == Elsewhere:
		return Unconfirmed
	case !in.authenticated():
		return Unauthenticated
	}
	return ""
}

// recipient says why mail must not go to an address.
func (in *Input) recipient(address string) Why {
	local, domain, ok := split(address)
	if !ok {
		return OddAddress
	}
	for _, own := range append([]string{in.Addresses.Domain}, in.Own...) {
		if own = strings.ToLower(own); own != "" && (domain == own || strings.HasSuffix(domain, "."+own)) {
			return OurOwn
		}
	}
	if isProgram(strings.ToLower(local), strings.ToLower(in.Addresses.Local)) {
		return Program
	}
	return ""
}

// isProgram: no person reads these (RFC 3834 section 2 and what mail systems use).
func isProgram(local, ours string) bool {
	plain := strings.NewReplacer("-", "", "_", "", ".", "").Replace(local)
	switch plain {
	case "mailerdaemon", "postmaster", "daemon", "maildaemon", "mailer", "nobody", "listserv", "majordomo", "mailman", "uucp", "devnull":
		return true
	}
	for _, word := range []string{"noreply", "donotreply", "dontreply", "autoreply", "autoresponder", "bounce"} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-owner") || strings.HasSuffix(local, "-request") || strings.HasSuffix(local, "-relay") ||
		strings.HasPrefix(local, ours) || strings.HasPrefix(local, "check-auth") // another of our kind
}

// authenticated reports whether the envelope sender is shown to be true: by SPF, or by a
// signature of his domain or one that is aligned with it.
func (in *Input) authenticated() bool {
	s := in.Auth.SPF
	if in.Auth.SPFChecked && s.Result == spf.Pass && s.Identity == spf.MailFrom {
		return true
	}
	_, domain, _ := split(in.Session.MailFrom)
	return slices.ContainsFunc(in.Auth.DKIM, func(v dkim.Verdict) bool {
		return v.Result == dkim.Pass && v.Signature != nil && !v.Testing &&
			dmarc.RegisteredDomain(v.Signature.Domain) == dmarc.RegisteredDomain(domain)
	})
}

// loopField is in all mail that we send.
const loopField = "X-Todoku-Report"

// machine says why a message is no person's question: programs must not be answered, or
// they answer in turn. answers: it is an answer to mail of ours.
func machine(m *message.Message, a Addresses) (why Why, answers bool) {
	for _, f := range m.Fields {
		value := strings.ToLower(strings.TrimSpace(f.Unfolded()))
		switch name := strings.ToLower(f.Name()); name {
		case strings.ToLower(loopField):
			return Loop, true
		case "x-loop":
			if strings.Contains(value, strings.ToLower(a.Domain)) {
				return Loop, true
			}
		case "in-reply-to", "references":
			if strings.Contains(value, "<"+idPrefix) && strings.Contains(value, "@"+strings.ToLower(a.Domain)+">") {
				answers = true
			}
		case "auto-submitted":
			if word, _, _ := strings.Cut(value, ";"); strings.TrimSpace(word) != "no" {
				why = AutoSubmitted
			}
		case "x-auto-response-suppress":
			if strings.Contains(value, "all") || strings.Contains(value, "autoreply") {
				why = AutoSubmitted
			}
		case "x-autoreply", "x-autorespond", "x-autoresponse", "x-failed-recipients", "x-auto-reply-from", "x-mail-autoreply":
			why = AutoSubmitted
		case "return-path":
			if value == "<>" {
				why = NullPath
			}
		case "content-type":
			if strings.HasPrefix(value, "multipart/report") {
				why = AutoSubmitted
			}
		case "precedence", "x-precedence":
			if value == "bulk" || value == "list" || value == "junk" || value == "auto_reply" {
				why = Bulk
			}
		default:
			if strings.HasPrefix(name, "list-") || name == "mailing-list" || name == "x-mailing-list" {
				why = List
			}
		}
	}
	return why, answers
}
