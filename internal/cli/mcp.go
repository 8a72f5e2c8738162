package cli

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/check"
	"github.com/todoku/todoku/internal/mcp"
	"github.com/todoku/todoku/internal/service"
)

// mcpFlags are those of `todoku mcp`.
type mcpFlags struct {
	server, tokenFile string
	network           serveFlags // those by which domains are checked from here
}

func (a *app) mcpCommand() *cobra.Command {
	var f mcpFlags
	c := a.command("mcp", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		backend, err := a.mcpBackend(&f)
		if err != nil {
			return err
		}
		err = mcp.ServeStdio(c.Context(), a.In, a.Out, mcp.Config{Backend: backend, Version: version(), Lang: a.lang, Log: a.logger()})
		return a.ran(err)
	})
	c.Flags().StringVar(&f.server, "server", "", a.flagText("mcp-server"))
	c.Flags().StringVar(&f.tokenFile, "token-file", "", a.flagText("token-file"))
	c.Flags().BoolVar(&f.network.noLists, "no-blocklists", false, a.flagText("no-blocklists"))
	c.Flags().StringArrayVar(&f.network.listKeys, "blocklist-key", nil, a.flagText("blocklist-key"))
	c.Flags().StringArrayVar(&f.network.private, "allow-private", nil, a.flagText("allow-private"))
	return c
}

// mcpBackend is the server that was named, or this program itself without a database.
func (a *app) mcpBackend(f *mcpFlags) (mcp.Backend, error) {
	if f.server == "" {
		if f.tokenFile != "" {
			return nil, usagef("%s", a.say(msgTokenServer))
		}
		checker, err := a.localChecker(&f.network)
		if err != nil {
			return nil, err
		}
		return service.New(service.Config{Checker: checker, Version: version(), Now: time.Now, Log: a.logger()}), nil
	}
	token := ""
	if f.tokenFile != "" {
		b, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, lookError{a.fileError(f.tokenFile, err)}
		}
		token = strings.TrimSpace(string(b))
	}
	remote, err := mcp.NewRemote(f.server, token)
	if err != nil {
		return nil, usagef("%s", a.say(msgBadServer, "value", f.server))
	}
	return remote, nil
}

func (a *app) localChecker(f *serveFlags) (*check.Checker, error) {
	r, err := a.newResolver()
	if err != nil {
		return nil, err
	}
	return a.checkerOf(r, f)
}
