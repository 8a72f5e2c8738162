package cli

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/outbound"
	"github.com/todoku/todoku/internal/reply"
	"github.com/todoku/todoku/internal/serve"
)

// replyFlags say how mail to check-auth@ is answered. It is where there is a way out for
// mail: a smart host, or straight to the exchangers.
type replyFlags struct {
	local                                string
	direct, unsigned, generate           bool
	smart, smartTLS, smartUser, smartPwd string
	domain                               string
	keys, selectors                      []string
}

func (f *replyFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.local, "reply-local-part", "check-auth", a.flagText("reply-local-part"))
	fl.BoolVar(&f.direct, "reply-direct", false, a.flagText("reply-direct"))
	fl.BoolVar(&f.unsigned, "reply-unsigned", false, a.flagText("reply-unsigned"))
	fl.StringVar(&f.smart, "smart-host", "", a.flagText("smart-host"))
	fl.StringVar(&f.smartTLS, "smart-host-tls", "auto", a.flagText("smart-host-tls"))
	fl.StringVar(&f.smartUser, "smart-host-user", "", a.flagText("smart-host-user"))
	fl.StringVar(&f.smartPwd, "smart-host-password-file", "", a.flagText("smart-host-password-file"))
	fl.StringArrayVar(&f.keys, "dkim-key", nil, a.flagText("dkim-key"))
	fl.StringArrayVar(&f.selectors, "dkim-selector", nil, a.flagText("dkim-selector"))
	fl.StringVar(&f.domain, "dkim-domain", "", a.flagText("dkim-domain"))
	fl.BoolVar(&f.generate, "dkim-generate", false, a.flagText("dkim-generate"))
}

// replies gives how mail is answered, nil where it is not.
func (a *app) replies(cfg *serve.Config, r dns.Resolver, f *serveFlags) (*serve.ReplyConfig, error) {
	p := &f.reply
	if p.smart == "" && !p.direct {
		return nil, nil
	}
	if p.smart != "" && p.direct {
		return nil, usagef("%s", a.say(msgOneWayOut))
	}
	if !reply.ValidLocal(p.local) || !strings.Contains(cfg.MailDomain, ".") {
		return nil, usagef("%s", a.say(msgBadReply, "local", p.local, "domain", cfg.MailDomain))
	}
	out := &serve.ReplyConfig{Local: p.local}
	var err error
	if p.direct {
		out.Dialer, err = a.dialer(r, f.private)
	} else {
		out.Smart, err = a.smartHost(p)
	}
	if err != nil {
		return nil, err
	}
	if out.Keys, err = a.replyKeys(cfg, p); err != nil {
		return nil, err
	}
	if len(out.Keys) == 0 && !p.unsigned {
		return nil, usagef("%s", a.say(msgNoReplyKey))
	}
	return out, nil
}

func (a *app) smartHost(p *replyFlags) (*outbound.SmartHost, error) {
	h := &outbound.SmartHost{Address: p.smart, TLS: p.smartTLS, Username: p.smartUser}
	_, port, err := net.SplitHostPort(p.smart)
	if err != nil || !slices.Contains([]string{"auto", "tls", "starttls", "none"}, p.smartTLS) {
		return nil, usagef("%s", a.say(msgBadSmartHost, "value", p.smart, "tls", p.smartTLS))
	}
	if h.TLS == "auto" {
		h.TLS = map[string]string{"465": "tls", "587": "starttls"}[port] // else where it is offered
	}
	if p.smartUser == "" {
		return h, nil
	}
	if p.smartPwd == "" || h.TLS == "none" {
		return nil, usagef("%s", a.say(msgSmartPassword))
	}
	password, err := os.ReadFile(p.smartPwd)
	if err != nil {
		return nil, lookError{a.fileError(p.smartPwd, err)}
	}
	h.Password = strings.TrimRight(string(password), "\r\n")
	return h, nil
}

// replyKeys reads the keys, and makes one where that is asked for, and says then what to publish.
func (a *app) replyKeys(cfg *serve.Config, p *replyFlags) (keys []reply.Key, err error) {
	files, selectors := p.keys, p.selectors
	if len(selectors) == 0 {
		selectors = []string{"todoku"}
	}
	if p.generate && len(files) == 0 {
		if strings.Contains(cfg.Database, "://") {
			return nil, usagef("%s", a.say(msgGenerateWhere))
		}
		folder := filepath.Dir(strings.TrimPrefix(cfg.Database, "file:"))
		files = []string{filepath.Join(folder, "dkim-"+filepath.Base(selectors[0])+".pem")}
	}
	if len(files) > 0 && len(files) != len(selectors) {
		return nil, usagef("%s", a.say(msgKeySelectors))
	}
	domain := p.domain
	if domain == "" {
		domain = cfg.MailDomain
	}
	for i, file := range files {
		k, made, err := reply.LoadKey(file, domain, selectors[i], p.generate)
		if err != nil {
			return nil, lookError{err}
		}
		name, data, err := k.Record()
		if err != nil {
			return nil, lookError{err}
		}
		if made {
			fmt.Fprintln(a.Out, a.say(msgReplyKey, "file", file, "record", fmt.Sprintf("%s. IN TXT %s", name, quoteTXT(data))))
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// quoteTXT writes TXT data as a master file has it.
func quoteTXT(data string) string {
	var parts []string
	for len(data) > 255 {
		parts, data = append(parts, `"`+data[:255]+`"`), data[255:]
	}
	return strings.Join(append(parts, `"`+data+`"`), " ")
}
