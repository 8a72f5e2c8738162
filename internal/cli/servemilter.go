package cli

import (
	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/serve"
)

// milterOfServe fills in the milter, where one is asked for. The caller calls stop when it has ended.
func (a *app) milterOfServe(c *cobra.Command, f *milterFlags, cfg *serve.Config) (stop func(), err error) {
	if len(f.listen) == 0 {
		if milterFlagGiven(c.Flags()) {
			return nil, usagef("%s", a.say(msgNeedFlag, "flag", "milter"))
		}
		return func() {}, nil
	}
	m, stop, err := a.milter(c, f, cfg.Resolver, "milter-")
	if err != nil {
		return nil, err
	}
	if cfg.Keys == nil { // no key comes from the database
		if len(m.Tables) > 0 {
			err = usagef("%s", a.say(msgNeedFlag, "flag", "master-key-file"))
		} else {
			err = a.canSeal(m, "milter-")
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	cfg.Milter = m
	return stop, nil
}
