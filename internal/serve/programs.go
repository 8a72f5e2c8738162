package serve

import (
	"net"
	"net/http"

	"github.com/todoku/todoku/internal/api"
	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/mcp"
	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
	"github.com/todoku/todoku/internal/traffic"
	"github.com/todoku/todoku/internal/warmup"
)

// programs puts the doors for programs beside the pages: /api and /mcp. Open: programs at
// this machine need no token.
func programs(c Config, st *store.Store, hub *live.Hub, w *workers, smtp net.Addr, open bool, lab service.OutboundLab, domains *panel.Panel, plans *warmup.Book, pages http.Handler) http.Handler {
	s := service.New(service.Config{
		Checker: c.Checker, Store: st, Hub: hub, MailDomain: c.MailDomain, SMTPAddr: smtp.String(), Verify: w.verify, Version: c.Version, Log: c.Log, Lab: lab, Panel: domains, Book: plans, Traffic: &traffic.Reader{Store: st},
	})
	guard := tokens.NewGuard(tokens.Config{Store: st, Open: open, Log: c.Log})
	rest := api.New(api.Config{
		Service: s, Guard: guard,
		Hosts: c.HTTPHosts, TrustProxy: c.HTTPProxies, PublicURL: c.PublicURL, Version: c.Version, Log: c.Log,
	})
	mux := http.NewServeMux()
	mux.Handle("/api", rest)
	mux.Handle("/api/", rest)
	mux.Handle("/mcp", rest.Admitted(mcp.Handler(s, guard, rest.Base, c.Version, c.Log)))
	mux.Handle("/", pages)
	return mux
}
