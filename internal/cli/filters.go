package cli

import (
	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/spamfilter"
	"github.com/todoku/todoku/internal/verify"
)

// filterFlags are the addresses of spam filters to be asked, "" for none.
type filterFlags struct{ rspamd, spamAssassin string }

func (f *filterFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.rspamd, "rspamd", "", a.flagText("rspamd"))
	fl.StringVar(&f.spamAssassin, "spamassassin", "", a.flagText("spamassassin"))
}

// list gives the spam filters that the user points at.
func (f *filterFlags) list(a *app) ([]verify.SpamFilter, error) {
	var out []verify.SpamFilter
	if f.rspamd != "" {
		r, err := spamfilter.NewRspamd(f.rspamd)
		if err != nil {
			return nil, usagef("%s", a.say(msgBadRspamd, "value", f.rspamd))
		}
		out = append(out, r)
	}
	if f.spamAssassin != "" {
		s, err := spamfilter.NewSpamAssassin(f.spamAssassin)
		if err != nil {
			return nil, usagef("%s", a.say(msgBadSpamd, "value", f.spamAssassin))
		}
		out = append(out, s)
	}
	return out, nil
}
