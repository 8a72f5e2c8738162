package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/handover"
)

// The exit codes by which a command tells a mail server what became of a message
// (sysexits.h); a code of 2 or 3 would make it bounce what should be tried again.
const (
	exitUsage       = 64
	exitNoUser      = 67
	exitUnavailable = 69
	exitTempFail    = 75
)

// mailServerError ends the program with a code that a mail server understands.
type mailServerError struct {
	err  error
	code int
}

func (e mailServerError) Error() string { return e.err.Error() }

// receiveFlags are those of `todoku receive`.
type receiveFlags struct {
	envelope *envelopeFlags
	from     string // -f, as of sendmail
	server   string
}

const defaultLMTP = "127.0.0.1:2424"

func (a *app) receiveCommand() *cobra.Command {
	var f receiveFlags
	c := a.command("receive", func(c *cobra.Command, args []string) error {
		err := a.receive(c, args, &f)
		if errors.As(err, new(usageError)) {
			err = mailServerError{err, exitUsage}
		}
		return err
	})
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return mailServerError{a.flagError(c, err), exitUsage} })
	f.envelope = a.envelopeFlags(c)
	c.Flags().StringVarP(&f.from, "from", "f", "", a.flagText("receive-from"))
	c.Flags().StringVar(&f.server, "server", defaultLMTP, a.flagText("lmtp-server"))
	return c
}

// fromMailServer fills in what was not given from the environment in which Exim, qmail
// and Postfix's local run a command; CLIENT_ADDRESS and CLIENT_HELO are Postfix's.
func (a *app) fromMailServer(c *cobra.Command, args []string, f *receiveFlags) []string {
	given := c.Flags().Changed
	switch {
	case given("mail-from"):
	case given("from"):
		f.envelope.mailFrom = f.from
	default:
		f.envelope.mailFrom = a.Getenv("SENDER")
	}
	if !given("ip") {
		f.envelope.ip = a.Getenv("CLIENT_ADDRESS")
	}
	if !given("helo") {
		f.envelope.helo = a.Getenv("CLIENT_HELO")
	}
	if to := a.Getenv("RECIPIENT"); len(args) == 0 && to != "" {
		args = []string{to}
	}
	return args
}

// receive hands the message of standard input over to a running program.
func (a *app) receive(c *cobra.Command, args []string, f *receiveFlags) error {
	args = a.fromMailServer(c, args, f)
	if len(args) == 0 {
		return usagef("%s", a.say(msgNoRecipient))
	}
	s, err := f.envelope.session(a, c)
	if err != nil {
		return err
	}
	m := handover.Message{RemoteIP: s.RemoteIP, HELO: s.HELO, MailFrom: s.MailFrom}
	for _, to := range args {
		m.Recipients = append(m.Recipients, strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(to), "<"), ">"))
	}
	if m.Raw, err = readLimited(a.In); err != nil {
		code := exitTempFail
		if errors.Is(err, errTooLarge) {
			code = exitUnavailable
		}
		return mailServerError{err, code}
	}
	err = handover.Deliver(c.Context(), f.server, m)
	var refused *handover.Refused
	switch {
	case err == nil:
		return nil
	case handover.Temporary(err):
		return mailServerError{err, exitTempFail}
	case errors.As(err, &refused) && refused.Recipient != "" && strings.HasPrefix(refused.Text, "5.1."):
		return mailServerError{err, exitNoUser}
	}
	return mailServerError{err, exitUnavailable}
}
