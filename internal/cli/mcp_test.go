package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/todoku/todoku/dns"
)

// speak gives the lines of an assistant that initializes and calls one tool.
func speak(t *testing.T, tool string, args map[string]any) string {
	t.Helper()
	var b strings.Builder
	for i, m := range []map[string]any{
		{"method": "initialize", "params": map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test", "version": "1"}}},
		{"method": "notifications/initialized"},
		{"method": "tools/call", "params": map[string]any{"name": tool, "arguments": args}},
	} {
		m["jsonrpc"] = "2.0"
		if m["method"] != "notifications/initialized" {
			m["id"] = i
		}
		line, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// answers reads what the program says. It says nothing else on standard output than lines of the protocol.
func answers(t *testing.T, out string) map[float64]map[string]any {
	t.Helper()
	all := make(map[float64]map[string]any)
	s := bufio.NewScanner(strings.NewReader(out))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil || m["jsonrpc"] != "2.0" {
			t.Fatalf("no line of the protocol: %q", s.Text())
		}
		id, _ := m["id"].(float64)
		all[id] = m
	}
	return all
}

// conversation is what an assistant says, and what it hears: it hangs up when its call is answered.
type conversation struct {
	said   io.Reader
	hangUp *io.PipeWriter
	heard  bytes.Buffer
}

func (c *conversation) Write(p []byte) (int, error) {
	n, err := c.heard.Write(p)
	if bytes.Contains(c.heard.Bytes(), []byte(`"id":2`)) && bytes.HasSuffix(c.heard.Bytes(), []byte("\n")) {
		c.hangUp.Close()
	}
	return n, err
}

// converse runs `todoku mcp` for one call of a tool.
func (p *program) converse(tool string, args map[string]any, flags ...string) ran {
	p.t.Helper()
	open, hangUp := io.Pipe()
	c := &conversation{said: io.MultiReader(strings.NewReader(speak(p.t, tool, args)), open), hangUp: hangUp}
	var errs bytes.Buffer
	code := Run(p.ctx, append([]string{"mcp"}, flags...), IO{In: c.said, Out: c, Err: &errs, Getenv: func(k string) string { return p.env[k] }})
	return ran{code, c.heard.String(), errs.String()}
}

// TestMCP: alone it checks domains and ends with its input; a test address needs a server, and it says so.
func TestMCP(t *testing.T) {
	p := newProgram(t, shop())
	r := p.converse("check_domain", map[string]any{"target": "shop.example"}, "--no-blocklists").want(t, 0)
	a := answers(t, r.out)
	if at(t, a[0], "result", "serverInfo", "name") != "todoku" || at(t, a[2], "result", "structuredContent", "target") != "shop.example" {
		t.Errorf("%v", a)
	}
	r = p.converse("create_test", map[string]any{}).want(t, 0)
	if a := answers(t, r.out); at(t, a[2], "result", "isError") != true || !strings.Contains(r.out, "no-server") {
		t.Errorf("%v", a)
	}
}

// TestMCPServer: with a server elsewhere the token of the file goes there, and nowhere else.
func TestMCPServer(t *testing.T) {
	var strayed atomic.Int32
	stray := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strayed.Add(1) }))
	defer stray.Close()
	for _, c := range []struct {
		what, want string
		answer     http.HandlerFunc
	}{
		{"a server", "7f3k@inbox.example.org", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer tdk_x" || r.URL.Path != "/api/v1/tests" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(`{"token":"7f3k","address":"7f3k@inbox.example.org"}`))
		}},
		{"a problem", "rate-limited", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(`{"code":"rate-limited"}`))
		}},
		{"a server that sends elsewhere", "no-server", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, stray.URL, http.StatusTemporaryRedirect)
		}},
		{"something else", "no-server", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }},
	} {
		server := httptest.NewServer(c.answer)
		p := newProgram(t, dns.Zone{})
		r := p.converse("create_test", map[string]any{}, "--server", server.URL, "--token-file", write(t, "token", "tdk_x\n")).want(t, 0)
		server.Close()
		if answers(t, r.out); !strings.Contains(r.out, c.want) || strings.Contains(r.out+r.err, "tdk_x") {
			t.Errorf("%s: %s %s", c.what, r.out, r.err)
		}
	}
	if strayed.Load() != 0 {
		t.Error("it follows a server elsewhere, with the token")
	}
}

// TestMCPUsage: what is wrong with the flags is said before anything is read.
func TestMCPUsage(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"more"}, 2, "takes flags only"},
		{[]string{"--token-file", write(t, "token", "x")}, 2, "--token-file is for --server"},
		{[]string{"--server", "example.com"}, 2, "write it as https://"},
		{[]string{"--server", "https://user:pass@example.com"}, 2, "write it as https://"},
		{[]string{"--server", "https://example.com/todoku"}, 2, "write it as https://"},
		{[]string{"--server", "https://example.com", "--token-file", "nowhere"}, 3, "there is no such file"},
		{[]string{"--allow-private", "x"}, 2, "--allow-private"},
	} {
		r := p.with("").run(append([]string{"mcp"}, c.args...)...).want(t, c.code)
		if !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%q: %q %q, want %q", c.args, r.out, r.err, c.want)
		}
	}
}
