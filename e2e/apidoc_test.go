package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// fencedBlock is a block of docs/api.md: what it is and what it holds.
var fencedBlock = regexp.MustCompile("(?ms)^```(sh|text|json)\n(.*?)^```$")

// apiPage is docs/api.md as it applies to a server: its address, and where the database is.
func apiPage(t *testing.T, n *apiNode) (page string, blocks [][]string) {
	t.Helper()
	b, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	page = strings.ReplaceAll(string(b), "http://127.0.0.1:8025", "http://"+n.http)
	return page, fencedBlock.FindAllStringSubmatch(page, -1)
}

// inFolder runs a program in a folder in which `todoku` is the built one.
func inFolder(dir, resolver, program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"), "LANG=C.UTF-8", "TODOKU_RESOLVER="+resolver)
	return c
}

// TestAPIPage runs the commands of docs/api.md one after the other, in one shell, and compares what they print with what the page shows.
func TestAPIPage(t *testing.T) {
	need(t, "curl", "jq", "sh")
	n, dir := apiServer(t)
	_, blocks := apiPage(t, n)
	const end = "-- end of block --"
	var script strings.Builder
	var shown []string // what each block of commands prints
	for _, b := range blocks {
		switch b[1] {
		case "sh":
			script.WriteString(b[2] + "echo '" + end + "'\n")
			shown = append(shown, "")
		case "text":
			shown[len(shown)-1] = b[2]
		}
	}
	out, err := inFolder(dir, n.resolver, "sh", "-euc", script.String()).Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, err.(*exec.ExitError).Stderr)
	}
	printed := strings.Split(string(out), end+"\n")
	if len(shown) < 10 || len(printed) != len(shown)+1 {
		t.Fatalf("%d blocks, %d printed\n%s", len(shown), len(printed)-1, out)
	}
	for i, want := range shown {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(want), "…", `(?s:.*)`) + "$"
		if !regexp.MustCompile(pattern).MatchString(printed[i]) {
			t.Errorf("the page shows\n%s\nand the commands print\n%s", want, printed[i])
		}
	}
}

// mcpSetting is what MCP clients read.
type mcpSetting struct {
	Type, URL, Command string
	Args               []string
	Headers            map[string]string
}

// transport is what a client makes of a setting.
func (s mcpSetting) transport(dir, resolver, token string) mcp.Transport {
	if s.Type == "http" {
		return &mcp.StreamableClientTransport{Endpoint: s.URL, DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: withHeaders{s.Headers, token}}}
	}
	return &mcp.CommandTransport{Command: inFolder(dir, resolver, binary, s.Args...)}
}

// withHeaders sends headers with each request.
type withHeaders struct {
	headers map[string]string
	token   string
}

func (h withHeaders) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, value := range h.headers {
		r.Header.Set(name, strings.ReplaceAll(value, "TOKEN", h.token))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// toolRow is a tool of the page's table.
var toolRow = regexp.MustCompile("(?m)^\\| `([a-z]+_[a-z_]+)` \\|")

// TestAPIPageMCP connects the official client by each setting of docs/api.md. It is offered the tools that the page lists, and they work.
func TestAPIPageMCP(t *testing.T) {
	n, dir := apiServer(t)
	page, blocks := apiPage(t, n)
	token := n.token(t, dir, "read", "check", "submit")
	if err := os.WriteFile(filepath.Join(dir, "todoku.token"), []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, m := range toolRow.FindAllStringSubmatch(page, -1) {
		listed = append(listed, m[1])
	}
	slices.Sort(listed)
	tried := 0
	for _, b := range blocks {
		if b[1] != "json" {
			continue
		}
		var settings struct{ MCPServers map[string]mcpSetting }
		if err := json.Unmarshal([]byte(b[2]), &settings); err != nil || len(settings.MCPServers) != 1 {
			t.Fatalf("%v in %s", err, b[2])
		}
		tried++
		c, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), settings.MCPServers["todoku"].transport(dir, n.resolver, token), nil)
		if err != nil {
			t.Fatalf("%s: %v", b[2], err)
		}
		tryTools(t, c, b[2], listed)
		if err := c.Close(); err != nil {
			t.Errorf("%s: it ends with %v", b[2], err)
		}
	}
	if tried != 3 || len(listed) != 7 {
		t.Errorf("%d settings tried, %d tools listed", tried, len(listed))
	}
}

func tryTools(t *testing.T, c *mcp.ClientSession, setting string, listed []string) {
	t.Helper()
	tools, err := c.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatalf("%s: %v", setting, err)
	}
	var names []string
	for _, tool := range tools.Tools {
		names = append(names, tool.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, listed) {
		t.Errorf("%s: it has %v, the page lists %v", setting, names, listed)
	}
	r, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "check_domain", Arguments: map[string]any{"target": "shop.example"}})
	if err != nil || r.IsError {
		t.Fatalf("%s: %v %+v", setting, err, r)
	}
	if b, err := json.Marshal(r.StructuredContent); err != nil || !strings.Contains(string(b), "spf.syntax") {
		t.Errorf("%s: %v %.500s", setting, err, b)
	}
	alone := !strings.Contains(setting, "http") // no server that could receive
	r, err = c.CallTool(t.Context(), &mcp.CallToolParams{Name: "create_test", Arguments: map[string]any{}})
	if err != nil || r.IsError != alone {
		t.Errorf("%s: create_test: %v %+v", setting, err, r)
	}
}
