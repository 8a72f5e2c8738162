package cli

import (
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/serve"
)

// addDoor adds the flags that say where the pages are, by which names, and who may use them.
func (f *serveFlags) addDoor(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.http, "http", "127.0.0.1:8025", a.flagText("http"))
	fl.StringArrayVar(&f.httpHosts, "http-host", nil, a.flagText("http-host"))
	fl.StringVar(&f.publicURL, "public-url", "", a.flagText("public-url"))
	fl.StringArrayVar(&f.httpProxies, "http-trust-proxy", nil, a.flagText("http-trust-proxy"))
	f.publicKeep = days(3 * 24 * time.Hour)
	fl.Var(&f.publicKeep, "public-retention", a.flagText("public-retention"))
	fl.BoolVar(&f.public, "public", false, a.flagText("public"))
	f.openID.add(fl, a)
}

// openIDFlags are those of signing in by OpenID Connect.
type openIDFlags struct {
	issuer, client, secretFile string
	allow, admins              []string
}

func (f *openIDFlags) add(fl *pflag.FlagSet, a *app) {
	fl.StringVar(&f.issuer, "openid-issuer", "", a.flagText("openid-issuer"))
	fl.StringVar(&f.client, "openid-client-id", "", a.flagText("openid-client-id"))
	fl.StringVar(&f.secretFile, "openid-client-secret-file", "", a.flagText("openid-client-secret-file"))
	fl.StringArrayVar(&f.allow, "openid-allow", nil, a.flagText("openid-allow"))
	fl.StringArrayVar(&f.admins, "openid-admin", nil, a.flagText("openid-admin"))
}

// doorConfig reads the flags that say who may use the pages.
func (a *app) doorConfig(cfg *serve.Config, f *serveFlags) error {
	cfg.Public = f.public
	for _, p := range f.httpProxies {
		prefix, err := parsePrefix(p)
		if err != nil {
			return usagef("--http-trust-proxy: %v", err)
		}
		cfg.HTTPProxies = append(cfg.HTTPProxies, prefix)
	}
	if f.publicURL != "" {
		u, err := url.Parse(f.publicURL)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return usagef("%s", a.say(msgBadPublicURL, "value", f.publicURL))
		}
		cfg.PublicURL = u.Scheme + "://" + u.Host
		cfg.HTTPHosts = append(cfg.HTTPHosts, u.Hostname())
	}
	o := f.openID
	if o.issuer == "" {
		return nil
	}
	if cfg.PublicURL == "" {
		return usagef("%s", a.say(msgOpenIDURL))
	}
	cfg.OpenID = &access.OpenIDConfig{Issuer: o.issuer, ClientID: o.client, Redirect: cfg.PublicURL + "/login/openid/back", Allow: o.allow, Admins: o.admins}
	if o.secretFile != "" {
		b, err := os.ReadFile(o.secretFile)
		if err != nil {
			return lookError{a.fileError(o.secretFile, err)}
		}
		cfg.OpenID.ClientSecret = strings.TrimSpace(string(b))
	}
	return nil
}
