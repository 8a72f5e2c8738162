// Package render gives verdicts their outer forms: the JSON of the contract and
// text for people. It decides nothing.
package render

import (
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/forensics"
	"github.com/todoku/todoku/internal/scorecard"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// Report is all a door needs to show one verified message.
type Report struct {
	File    string // file name, or the report's id
	Bundle  evidence.Bundle
	Message *message.Message
	Auth    mailauth.Result
	// Forensics are the examinations of each broken signature; nil where there is none.
	Forensics [][]forensics.Examination
	Findings  []catalogue.Finding
	// Cards are what the providers make of it, for all senders and for bulk senders.
	Cards []scorecard.Card
	// Score is nil where nothing could be seen.
	Score *scorecard.Score
	DNS   []dns.Answer
	Time  time.Time
}
