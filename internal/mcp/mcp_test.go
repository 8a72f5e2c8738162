package mcp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/todoku/todoku/internal/api"
	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/mcp"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/tokens"
)

// server gives a site whose MCP listens, open to this machine or not.
func server(t *testing.T, open bool) (*servicetest.Site, string) {
	t.Helper()
	site, _, url := guarded(t, open)
	return site, url
}

func guarded(t *testing.T, open bool) (*servicetest.Site, *tokens.Guard, string) {
	t.Helper()
	site := servicetest.New(t, nil)
	guard := tokens.NewGuard(tokens.Config{Store: site.Store, Open: open})
	rest := api.New(api.Config{Service: site.Service, Guard: guard, Version: "1.2.3"})
	s := httptest.NewServer(rest.Admitted(mcp.Handler(site.Service, guard, rest.Base, "1.2.3", nil)))
	t.Cleanup(s.Close)
	return site, guard, s.URL
}

// bearer sends a token with each request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b != "" {
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	return http.DefaultTransport.RoundTrip(r)
}

func connect(t *testing.T, transport sdk.Transport) *sdk.ClientSession {
	t.Helper()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func overHTTP(t *testing.T, url string, token bearer) *sdk.ClientSession {
	return connect(t, &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: token}, DisableStandaloneSSE: true})
}

// call gives the structured result of a tool, and its text.
func call(t *testing.T, s *sdk.ClientSession, name string, args map[string]any) (out map[string]any, text string) {
	t.Helper()
	r, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, c := range r.Content {
		if c, ok := c.(*sdk.TextContent); ok {
			text += c.Text
		}
	}
	if r.IsError {
		t.Fatalf("%s: %s", name, text)
	}
	b, err := json.Marshal(r.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out, text
}

var sender = evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.25"), HELO: "mail.example.com", MailFrom: "news@example.com", HasMailFrom: true}

// drive goes through a whole test as an assistant would, and through the other tools.
func drive(t *testing.T, site *servicetest.Site, s *sdk.ClientSession) {
	t.Helper()
	tools, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, tool := range tools.Tools {
		names += tool.Name + " "
		if tool.Description == "" || tool.InputSchema == nil || tool.Annotations == nil || tool.Annotations.ReadOnlyHint != (tool.Name != "create_test") {
			t.Errorf("%s: %+v", tool.Name, tool.Annotations)
		}
	}
	for _, want := range []string{"check_domain", "create_test", "wait_for_verdict", "explain_bounce", "propose_record", "what_if", "get_finding"} {
		if !strings.Contains(names, want+" ") {
			t.Errorf("no tool %s among %s", want, names)
		}
	}
	checked, text := call(t, s, "check_domain", map[string]any{"target": "example.com"})
	if findings, _ := checked["findings"].([]any); len(findings) == 0 || checked["target"] != "example.com" || text == "" {
		t.Errorf("%v\n%s", checked, text)
	}
	test, _ := call(t, s, "create_test", nil)
	address, _ := test["address"].(string)
	token, _, ok := strings.Cut(address, "@")
	if !ok {
		t.Fatalf("%v", test)
	}
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		site.Deliver(t, token, sender, servicetest.Mail)
	}()
	verdict, _ := call(t, s, "wait_for_verdict", map[string]any{"token": token, "seconds": 30})
	<-delivered
	if b, _ := json.Marshal(verdict); !strings.Contains(string(b), `"example.com"`) {
		t.Errorf("%s", b)
	}
	if _, text := call(t, s, "explain_bounce", map[string]any{"text": "550-5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp", "lang": "ja"}); !strings.Contains(text, "Gmail") {
		t.Errorf("explained: %s", text)
	}
	entry, _ := call(t, s, "get_finding", map[string]any{"id": "dmarc.none"})
	if b, _ := json.Marshal(entry); !strings.Contains(string(b), "DMARC") {
		t.Errorf("%s", b)
	}
	hostile, _ := call(t, s, "check_domain", map[string]any{"target": "evil.example"})
	if b, _ := json.Marshal(hostile); strings.Contains(string(b), "\x1b") || strings.Contains(string(b), "\u202e") {
		t.Errorf("hostile text goes through: %s", b)
	}
}

func TestOverHTTP(t *testing.T) {
	site, url := server(t, true)
	drive(t, site, overHTTP(t, url, ""))
}

// TestOverStandardIO speaks the lines that `todoku mcp` reads and writes.
func TestOverStandardIO(t *testing.T) {
	site := servicetest.New(t, nil)
	toServer, fromClient := io.Pipe()
	toClient, fromServer := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- mcp.ServeStdio(ctx, toServer, fromServer, mcp.Config{Backend: site.Service, Version: "1.2.3"})
	}()
	drive(t, site, connect(t, &sdk.IOTransport{Reader: toClient, Writer: fromClient}))
	cancel()
	fromClient.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not end")
	}
}

// TestTokens: where the pages are not this machine's alone nobody is let in without one,
// and a token is offered what it may use.
func TestTokens(t *testing.T) {
	site, url := server(t, false)
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil)
	for _, token := range []bearer{"", "tdk_guessed"} {
		if s, err := client.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: url, HTTPClient: &http.Client{Transport: token}, MaxRetries: -1, DisableStandaloneSSE: true}, nil); err == nil {
			s.Close()
			t.Errorf("%q is let in", token)
		}
	}
	secret, _, err := tokens.Create(t.Context(), site.Store, "test", []string{service.ScopeRead}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	tools, err := overHTTP(t, url, bearer(secret)).ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools.Tools {
		if tool.Name == "check_domain" || tool.Name == "create_test" {
			t.Errorf("a token for reading is offered %s", tool.Name)
		}
	}
	if len(tools.Tools) == 0 {
		t.Error("no tool is offered")
	}
}

// TestWaitTakesAPlace: an assistant that waits is counted with the waits of the API.
func TestWaitTakesAPlace(t *testing.T) {
	_, guard, url := guarded(t, true)
	s := overHTTP(t, url, "")
	test, _ := call(t, s, "create_test", nil)
	here := tokens.Caller{IP: netip.MustParseAddr("127.0.0.1"), Local: true}
	var last func()
	for {
		release, problem := guard.Wait(here)
		if problem != nil {
			break
		}
		last = release
	}
	wait := &sdk.CallToolParams{Name: "wait_for_verdict", Arguments: map[string]any{"token": test["token"], "seconds": 1}}
	r, err := s.CallTool(t.Context(), wait)
	if err != nil || !r.IsError {
		t.Fatalf("it waits without a place: %+v %v", r, err)
	}
	if text, ok := r.Content[0].(*sdk.TextContent); !ok || !strings.HasPrefix(text.Text, service.Busy+":") {
		t.Errorf("%+v", r.Content[0])
	}
	call(t, s, "wait_for_verdict", map[string]any{"token": test["token"], "seconds": 0}) // takes none
	last()
	for range 2 { // and gives it back
		call(t, s, "wait_for_verdict", map[string]any{"token": test["token"], "seconds": 1})
	}
}
