package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/imapin"
)

func (f *imapFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.url, "imap", "", a.flagText("imap"))
	fl.StringVar(&f.passwordFile, "imap-password-file", "", a.flagText("imap-password-file"))
	fl.StringVar(&f.receiver, "imap-receiver", "", a.flagText("imap-receiver"))
	fl.BoolVar(&f.delete, "imap-delete", false, a.flagText("imap-delete"))
	fl.BoolVar(&f.insecure, "imap-insecure", false, a.flagText("imap-insecure"))
	fl.DurationVar(&f.every, "imap-every", time.Minute, a.flagText("imap-every"))
}

// imapFlags are those of the mailbox that mail is taken out of.
type imapFlags struct {
	url, passwordFile, receiver string
	delete, insecure            bool
	every                       time.Duration
}

// mailbox gives the mailbox of the flags, nil for none.
func (f *imapFlags) mailbox(a *app) (*imapin.Config, error) {
	if f.url == "" {
		return nil, nil
	}
	if f.passwordFile == "" {
		return nil, usagef("%s", a.say(msgIMAPPassword))
	}
	password, err := os.ReadFile(f.passwordFile)
	if err != nil {
		return nil, lookError{a.fileError(f.passwordFile, err)}
	}
	c := imapin.Config{URL: f.url, Password: strings.TrimRight(string(password), "\r\n"), Insecure: f.insecure, Receiver: f.receiver, Delete: f.delete, Every: max(f.every, 5*time.Second)}
	if _, err := imapin.New(c); err != nil {
		return nil, usagef("--imap: %v", err)
	}
	return &c, nil
}
