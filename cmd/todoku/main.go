// Command todoku makes a domain's mail arrive.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/todoku/todoku/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	code := cli.Main(ctx)
	stop()
	os.Exit(code)
}
