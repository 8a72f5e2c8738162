package cli

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/serve"
	"github.com/todoku/todoku/srs"
)

// forwardFlags say what is done for mail that comes in and leaves again.
type forwardFlags struct {
	sealDomain string
	sealKeys   []string
	targets    []string
	srsDomains []string
	srsSecrets string
	srsLong    bool
	srsListen  []string
	tables     []string
}

func (f *forwardFlags) add(fl *pflag.FlagSet, a *app, prefix string) {
	fl.StringVar(&f.sealDomain, prefix+"seal-domain", "", a.flagText("seal-domain"))
	fl.StringArrayVar(&f.sealKeys, prefix+"seal-key", nil, a.flagText("seal-key"))
	fl.StringArrayVar(&f.targets, prefix+"forward", nil, a.flagText("milter-forward"))
	fl.StringArrayVar(&f.srsDomains, prefix+"srs-domain", nil, a.flagText("srs-domain"))
	fl.StringVar(&f.srsSecrets, prefix+"srs-secret-file", "", a.flagText("srs-secret-file"))
	fl.BoolVar(&f.srsLong, prefix+"srs-long", false, a.flagText("milter-srs-long"))
	fl.StringArrayVar(&f.srsListen, prefix+"srs-listen", nil, a.flagText("srs-listen"))
	fl.StringArrayVar(&f.tables, prefix+"alias-listen", nil, a.flagText("alias-listen"))
}

// forwarding gives what the flags say, nil where they say nothing.
func (f *forwardFlags) forwarding(a *app, prefix string) (*filter.Forwarding, error) {
	out := &filter.Forwarding{Tables: len(f.srsListen) > 0}
	var err error
	if f.sealDomain != "" {
		if out.SealDomain, err = ascii(f.sealDomain); err != nil {
			return nil, usagef("%v", a.saidError("--"+prefix+"seal-domain", err))
		}
	}
	if len(f.sealKeys) > 0 {
		if err := f.loadSealKeys(out); err != nil {
			return nil, a.keyFlagError("--"+prefix+"seal-key", err)
		}
	}
	if out.SRS, err = f.rewriter(a, prefix); err != nil {
		return nil, err
	}
	for _, t := range f.targets {
		target, err := filter.ParseTarget(t)
		if err != nil {
			return nil, usagef("%v", a.saidError("--"+prefix+"forward", err))
		}
		out.Targets = append(out.Targets, target)
	}
	if out.SealDomain == "" && out.SRS == nil && len(out.Targets) == 0 {
		return nil, nil
	}
	return out, nil
}

// loadSealKeys reads the keys that seal. Their domain is the one that seals, where none is named.
func (f *forwardFlags) loadSealKeys(into *filter.Forwarding) error {
	list, err := filter.LoadKeys(f.sealKeys)
	if err != nil {
		return err
	}
	if into.SealDomain == "" {
		domains := list.Domains()
		if len(domains) > 1 || strings.HasPrefix(domains[0], "*.") {
			return said.Error("name the domain with --seal-domain", "--seal-domain でドメインを指定してください")
		}
		into.SealDomain = domains[0]
	}
	found, err := list.For("", into.SealDomain)
	if err == nil && len(found) == 0 {
		err = said.Error("there is no key for %s", "%s の鍵がありません", into.SealDomain)
	}
	into.SealKeys = list
	return err
}

func (f *forwardFlags) rewriter(a *app, prefix string) (*srs.Rewriter, error) {
	if len(f.srsDomains) == 0 && f.srsSecrets == "" {
		if len(f.srsListen) > 0 {
			return nil, usagef("%s", a.say(msgNeedFlag, "flag", prefix+"srs-domain"))
		}
		return nil, nil
	}
	if len(f.srsDomains) == 0 {
		return nil, usagef("%s", a.say(msgNeedFlag, "flag", prefix+"srs-domain"))
	}
	if f.srsSecrets == "" {
		return nil, usagef("%s", a.say(msgNeedFlag, "flag", prefix+"srs-secret-file"))
	}
	domains, err := a.srsDomains("--"+prefix+"srs-domain", f.srsDomains)
	if err != nil {
		return nil, err
	}
	secrets, err := a.srsSecrets("--"+prefix+"srs-secret-file", f.srsSecrets)
	if err != nil {
		return nil, err
	}
	r, err := srs.New(srs.Config{Domains: domains, Secrets: secrets, LongLocal: f.srsLong})
	if err != nil {
		return nil, usagef("%v", err)
	}
	return r, nil
}

// ring has `todoku milter` sign with the keys of its database, where there is a master key to open them with.
func (a *app) ring(cfg *serve.MilterConfig, f *keysFlags) error {
	if cfg.Store == nil {
		if f.master != "" || len(cfg.Tables) > 0 {
			return usagef("%s", a.say(msgNeedFlag, "flag", "database"))
		}
		return nil
	}
	master, err := f.loadMaster(a)
	if err == nil && master == nil && len(cfg.Tables) > 0 {
		return usagef("%s", a.say(msgNeedFlag, "flag", "master-key-file"))
	}
	if master != nil {
		cfg.Aliases = panel.NewAliases(cfg.Store, cfg.Log)
		cfg.Ring, cfg.Rules = keys.NewRing(cfg.Store, master, cfg.Log, nil), panel.NewRules(cfg.Store, cfg.Log)
	}
	return err
}

// canSeal refuses to begin with a domain that seals whose key nobody named: all mail would go unsealed.
func (a *app) canSeal(cfg *serve.MilterConfig, prefix string) error {
	s, err := cfg.Settings()
	if err != nil {
		return err
	}
	if err := s.CanSeal(); err != nil {
		return usagef("%s", a.say(msgNoSealKey, "flag", prefix+"seal-domain", "why", a.saidText(err), "other", prefix+"seal-key"))
	}
	return nil
}

func init() {
	textsOf(nil, map[string]text{
		"seal-domain":      {EN: "seal mail that comes in by ARC as `DOMAIN`, for those to whom it is forwarded; its key is a --seal-key, or one that signs", JA: "転送先のために、受信したメールに `DOMAIN` として ARC シールを付ける。鍵は --seal-key、または署名に使う鍵"},
		"seal-key":         {EN: "seal with a key, `DOMAIN:SELECTOR:FILE` (repeatable: an RSA key is preferred, for few know another)", JA: "ARC シールに使う鍵 `DOMAIN:SELECTOR:FILE` (複数指定可。対応する受信側が多い RSA を優先する)"},
		"milter-forward":   {EN: "mail to this `ADDRESS[=TO]` leaves again: it alone is sealed, and gets a rewritten sender and X-Forwarded-For; also DOMAIN, *.DOMAIN, * (repeatable)", JA: "転送される宛先 `ADDRESS[=TO]`。この宛先のメールだけに ARC シールを付け、送信者を書き換え、X-Forwarded-For を付ける。DOMAIN、*.DOMAIN、* も可 (複数指定可)"},
		"customer-domains": {EN: "how `many` domains a customer may have by adding them to the panel, once the domain shows by a record that it is theirs", JA: "顧客がパネルに追加できるドメインの `数`。追加にはドメイン所有を示すレコードが必要"},
		"alias-listen":     {EN: "answer Postfix's socketmap tables alias and alias-domain, the forwarding addresses of the panel, at `SOCKET`, written as that of the milter (repeatable)", JA: "パネルの転送アドレスを表す Postfix の socketmap テーブル alias と alias-domain に応答する `SOCKET` (書き方は milter のソケットと同じ。複数指定可)"},
		"milter-srs-long":  {EN: "rewrite senders also where more than 64 octets come before the @, as postsrsd does", JA: "書き換えた送信者の @ の前が 64 オクテットを超える場合も、postsrsd と同じように書き換える"},
		"srs-listen":       {EN: "answer Postfix's socketmap tables forward and reverse at `SOCKET`, written as that of the milter (repeatable)", JA: "Postfix の socketmap テーブル forward と reverse に応答する `SOCKET` (書き方は milter のソケットと同じ。複数指定可)"},
	})
}
