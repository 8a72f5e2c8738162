package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	smtp "github.com/emersion/go-smtp"

	"github.com/todoku/todoku/message"
)

// class is what a try came to.
type class int

const (
	temporary class = iota // to be tried again
	permanent
	delivered
)

// outcome of a try. The answer is a server's reply or what went wrong.
type outcome struct {
	class  class
	answer string
}

// stage is how far a session came.
type stage int

const (
	connecting stage = iota // until the server greeted
	opening                 // EHLO, STARTTLS, AUTH
	envelope                // MAIL FROM, RCPT TO, DATA
	sending                 // the message
)

var stageNames = [...]string{"connecting", "greeting", "the envelope", "the message"}

// attempt is what one host said.
type attempt struct {
	outcome
	stage stage
	// brokenTLS: the session ended in a handshake that failed.
	brokenTLS bool
}

// final reports whether no other host of the domain is asked: what the mail or its recipient is
// refused for, the others would say too, and a server that has the message may have taken it.
func (a attempt) final() bool {
	return a.class == delivered || a.stage == sending || a.stage == envelope && a.class == permanent
}

// failed gives the outcome of an error at a stage. A reply 5yz is permanent, everything else
// passes: a server that hangs up may be better tomorrow.
func failed(host string, s stage, err error) attempt {
	a := attempt{stage: s, brokenTLS: errors.Is(err, errTLS)}
	var reply *smtp.SMTPError
	switch {
	case errors.As(err, &reply):
		if reply.Code >= 500 {
			a.class = permanent
		}
		a.answer = fmt.Sprintf("%s said: %s", host, replyText(reply))
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		a.answer = fmt.Sprintf("%s: time-out while %s", host, during(s))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		a.answer = fmt.Sprintf("%s closed the connection while %s", host, during(s))
	default:
		a.answer = fmt.Sprintf("%s: %s failed: %v", host, stageNames[s], err)
	}
	return a
}

func during(s stage) string {
	return [...]string{"connecting", "greeting", "giving the envelope", "sending the message"}[s]
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func replyText(e *smtp.SMTPError) string {
	enhanced := ""
	if e.EnhancedCode != (smtp.EnhancedCode{}) && e.EnhancedCode[0] > 0 {
		enhanced = fmt.Sprintf("%d.%d.%d ", e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
	}
	return fmt.Sprintf("%d %s%s", e.Code, enhanced, e.Message)
}

// maxAnswer bounds what is kept of a server's reply, in octets.
const maxAnswer = 500

// bounded makes what a server said safe to keep and to log.
func bounded(s string) string {
	s = message.DisplaySafe(s)
	if len(s) > maxAnswer {
		s = strings.ToValidUTF8(s[:maxAnswer], "") + "..."
	}
	return s
}
