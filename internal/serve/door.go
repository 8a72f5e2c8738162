package serve

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/store"
)

// door gives the keeper of the pages where they are not this machine's alone, and the
// path of the link by which the first administrator is made.
func door(ctx context.Context, c Config, st *store.Store, at net.Addr) (k *access.Keeper, setup string, err error) {
	if !exposed(at.String(), c) {
		return nil, "", nil
	}
	k, err = access.New(access.Config{
		Store: st, OpenID: c.OpenID, Secure: strings.HasPrefix(c.PublicURL, "https://"),
		Failed: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				c.Log.Error("a login cannot be read or kept", "error", err)
			}
			http.Error(w, "The database does not answer. Try again in a moment.", http.StatusServiceUnavailable)
		},
	})
	if err != nil {
		return nil, "", err
	}
	token, err := k.FirstRun(ctx)
	if err != nil || token == "" {
		return k, "", err
	}
	return k, "/setup?" + url.Values{"token": {token}}.Encode(), nil
}

// exposed reports whether others than people at this machine reach the pages that listen
// at an address: it is none of loopback, or they answer to a name or a URL of their own,
// by way of a proxy.
func exposed(at string, c Config) bool {
	host, _, err := net.SplitHostPort(at)
	if err != nil {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err != nil && host != "localhost" || err == nil && !ip.IsLoopback() || len(c.HTTPHosts) > 0 || c.PublicURL != "" || c.Public || c.OpenID != nil
}
