// Package render gives verdicts their outer forms: the JSON of the contract and
// text for people. It decides nothing.
package render

import (
	"io"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// Report is all a door needs to show one verified message.
type Report struct {
	File     string // file name, or the report's id
	Bundle   evidence.Bundle
	Message  *message.Message
	Auth     mailauth.Result
	Findings []catalogue.Finding
	DNS      []dns.Answer
	Time     time.Time
}

// VerifyJSON writes the `verify` object of the contract, on one line.
func VerifyJSON(w io.Writer, r *Report, lang string) error { panic("todo") }

// TextOptions for people.
type TextOptions struct {
	Lang    string // en, ja
	Color   bool
	Width   int // columns; 0 means 80
	Verbose bool
}

// VerifyText writes the report as text; no terminal control octets of the message get through.
func VerifyText(w io.Writer, r *Report, o TextOptions) error { panic("todo") }
