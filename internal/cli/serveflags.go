package cli

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/serve"
)

// serveFlags are those of `todoku serve`.
type serveFlags struct {
	http, smtp, database, hostname, mailDomain string
	tlsCert, tlsKey                            string
	retention, dropAfter, publicKeep           days
	workers                                    int
	maxMessage, quota                          int64
	httpHosts, trustProxy, httpProxies         []string
	noLists                                    bool
	listKeys, private                          []string
	publicURL, lmtp                            string
	public                                     bool
	openID                                     openIDFlags
	imap                                       imapFlags
	reply                                      replyFlags
	keys                                       keysFlags
	lab                                        labFlags
	filters                                    filterFlags
	customerDomains                            int
	ses                                        sesFlags
	milter                                     milterFlags
}

// add adds them all. What belongs to one part of the program stands with that part.
func (f *serveFlags) add(fl *pflag.FlagSet, a *app) {
	f.addMail(fl, a)
	f.addKept(fl, a)
	f.addChecks(fl, a)
	f.addDoor(fl, a)
	f.reply.add(fl, a)
	f.imap.add(fl, a)
	f.ses.add(fl, a)
	f.lab.add(fl, a)
	f.lab.addServing(fl, a)
	f.keys.add(fl, a)
	fl.IntVar(&f.customerDomains, "customer-domains", 0, a.flagText("customer-domains"))
	fl.StringArrayVar(&f.milter.listen, "milter", nil, a.flagText("serve-milter"))
	f.milter.add(fl, a, "milter-")
	f.milter.grace = serve.Grace
}

// addMail adds the flags that say where mail comes in, and who is believed there.
func (f *serveFlags) addMail(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.smtp, "smtp", "127.0.0.1:2525", a.flagText("smtp"))
	fl.StringVar(&f.lmtp, "lmtp", "", a.flagText("lmtp"))
	fl.StringVar(&f.hostname, "hostname", "", a.flagText("hostname"))
	fl.StringVar(&f.mailDomain, "mail-domain", "", a.flagText("mail-domain"))
	fl.StringVar(&f.tlsCert, "tls-cert", "", a.flagText("tls-cert"))
	fl.StringVar(&f.tlsKey, "tls-key", "", a.flagText("tls-key"))
	fl.Int64Var(&f.maxMessage, "max-message", 0, a.flagText("max-message"))
	fl.StringArrayVar(&f.trustProxy, "trust-proxy", nil, a.flagText("trust-proxy"))
}

// addKept adds the flags that say where things are kept, how much and how long.
func (f *serveFlags) addKept(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.database, "database", "todoku.db", a.flagText("database"))
	fl.Int64Var(&f.quota, "quota", 0, a.flagText("quota"))
	f.retention = days(30 * 24 * time.Hour)
	fl.Var(&f.retention, "retention", a.flagText("retention"))
	fl.Var(&f.dropAfter, "drop-body-after", a.flagText("drop-body-after"))
}

// addChecks adds the flags that say what is asked about messages and domains.
func (f *serveFlags) addChecks(fl *pflag.FlagSet, a *app) {
	fl.IntVar(&f.workers, "workers", 0, a.flagText("workers"))
	fl.BoolVar(&f.noLists, "no-blocklists", false, a.flagText("no-blocklists"))
	fl.StringArrayVar(&f.listKeys, "blocklist-key", nil, a.flagText("blocklist-key"))
	fl.StringArrayVar(&f.private, "allow-private", nil, a.flagText("allow-private"))
	f.filters.add(fl, a)
}
