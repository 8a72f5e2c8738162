package service

import (
	"time"

	"github.com/todoku/todoku/internal/panel"
)

// DomainMail is the mail in the name of a domain that the mail flow of this server saw.
type DomainMail struct {
	Since    *time.Time         `json:"since" doc:"when the first of it was seen; null for none"`
	Until    *time.Time         `json:"until"`
	Messages int                `json:"messages"`
	Failing  int                `json:"failing" doc:"how many of them a policy of quarantine or reject would have acted on: what left unsigned, and what came in and failed"`
	More     bool               `json:"more" doc:"whether there was more in this time than was looked at"`
	Sources  []DomainMailSource `json:"sources" doc:"who sent it, those with the most failing mail first"`
	Others   int                `json:"others" doc:"messages of sources that are not named"`
}

// DomainMailSource is one sender of it.
type DomainMailSource struct {
	Here      bool      `json:"here" doc:"whether it left through this server"`
	Name      string    `json:"name" example:"192.0.2.25" doc:"the login that it was sent with, else the address of the client; empty for programs of the server"`
	Messages  int       `json:"messages"`
	Failing   int       `json:"failing"`
	Forwarded int       `json:"forwarded" doc:"how many of the failing came in over a forwarder that is known"`
	Last      time.Time `json:"last"`
}

func mailOf(m *panel.MailSeen) DomainMail {
	if m == nil {
		return DomainMail{Sources: []DomainMailSource{}}
	}
	out := DomainMail{Since: momentOf(m.Since), Until: momentOf(m.Until), Messages: m.Messages, Failing: m.Failing, More: m.More, Sources: make([]DomainMailSource, 0, len(m.Sources)), Others: m.Others}
	for _, s := range m.Sources {
		out.Sources = append(out.Sources, DomainMailSource(s))
	}
	return out
}
