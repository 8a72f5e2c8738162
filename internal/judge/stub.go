// Package judge turns what was seen of a message into findings. It looks nothing
// up and keeps no state: Judge is a function of its input.
package judge

import (
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/mailauth"
	"github.com/todoku/todoku/message"
)

// Input is one authenticated message.
type Input struct {
	Session evidence.Session
	Message *message.Message
	Auth    mailauth.Result
	// LineEndsNormalized: the file had bare LF line ends throughout.
	LineEndsNormalized bool
}

// Message gives the findings, sorted.
func Message(in Input) []catalogue.Finding { panic("todo") }
