package mcp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/tokens"
)

// maxRequest bounds the body of a request, in octets: a text to explain and its frame.
const maxRequest = 2 << 20

// Handler serves MCP by streamable HTTP, without sessions, to callers that were let in
// (tokens.CallerOf). Each is offered the tools that its token may use.
func Handler(backend Backend, guard *tokens.Guard, base func(*http.Request) string, version string, log *slog.Logger) http.Handler {
	schemas := sdk.NewSchemaCache()
	return sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server {
		c := tokens.CallerOf(r.Context())
		return newServer(Config{
			Backend: backend, Version: version, Lang: i18n.FromRequest(r), Base: base(r), Log: log, schemas: schemas, May: c.May,
			Spend: func(scope string, cost tokens.Cost) error {
				if p := guard.Spend(c, scope, cost); p != nil {
					return p
				}
				return nil
			},
			Wait: func() (func(), error) {
				release, p := guard.Wait(c)
				if p != nil {
					return nil, p
				}
				return release, nil
			},
			Test: func(q *service.NewTestRequest) { q.Client = c.IP },
		})
	}, &sdk.StreamableHTTPOptions{
		Stateless: true, JSONResponse: true, MaxRequestBodyBytes: maxRequest, PropagateRequestCancellation: true,
		DisableLocalhostProtection: true, // package api refuses other hosts, and knows those that a proxy answers to
	})
}

// ServeStdio serves MCP by the lines of in and out until either ends.
func ServeStdio(ctx context.Context, in io.Reader, out io.Writer, c Config) error {
	err := newServer(c).Run(ctx, &sdk.IOTransport{Reader: io.NopCloser(in), Writer: unclosed{out}})
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil // the end was asked for
	}
	return err
}

// unclosed is a writer that is not ours to close.
type unclosed struct{ io.Writer }

// Close does nothing.
func (unclosed) Close() error { return nil }
