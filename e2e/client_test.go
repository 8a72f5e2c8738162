package e2e

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
)

// openAPIValidator is what judges the document: the schemas of the OpenAPI Initiative, as
// this package of the npm registry has them. It is for this test alone.
const openAPIValidator = "@seriousme/openapi-schema-validator@2.11.0"

// fetched runs what needs a registry of packages; without one the test is skipped by name, in CI it fails.
func fetched(t *testing.T, what string, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err == nil {
		return string(out)
	}
	lack(t, "%s cannot be had here: %v\n%s", what, err, out)
	return ""
}

// apiNode is a server that lets nobody in without a token.
type apiNode struct {
	*node
	resolver string
}

// apiServer starts one that is called by its address, on a database "todoku.db" in a folder of its own.
func apiServer(t *testing.T) (n *apiNode, dir string) {
	t.Helper()
	dir = t.TempDir()
	zone := maps.Clone(senderRecords)
	maps.Copy(zone, shopRecords)
	n = &apiNode{resolver: dnstest.New(t, dns.MustMemory(zone)).Addr()}
	// A further name to be called by makes the pages more than this machine's alone.
	n.node = start(t, "serve", "--database", filepath.Join(dir, "todoku.db"), "--hostname", "mx.test.example", "--mail-domain", "inbox.test.example",
		"--http-host", "todoku.test.example", "--resolver", n.resolver, "--no-blocklists")
	return n, dir
}

// token makes one by the command.
func (n *apiNode) token(t *testing.T, dir string, scopes ...string) string {
	t.Helper()
	args := []string{"token", "create", "--database", filepath.Join(dir, "todoku.db"), "--name", "e2e", "--expires", "1d"}
	for _, s := range scopes {
		args = append(args, "--scope", s)
	}
	out, err := exec.Command(binary, args...).Output()
	if err != nil {
		t.Fatalf("token create: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// writeDocument puts the OpenAPI document of a running program into a file.
func writeDocument(t *testing.T, n *node) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, []byte(n.get(t, "/api/openapi.json", http.StatusOK)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestOpenAPIDocument: the document is valid by the OpenAPI Initiative's own schema, which finds what is wrong with a bad one.
func TestOpenAPIDocument(t *testing.T) {
	need(t, "npm", "node")
	n := serve(t, "--resolver", "127.0.0.1:9", "--no-blocklists")
	file := writeDocument(t, n)
	dir := filepath.Dir(file)
	install := exec.Command("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", openAPIValidator)
	install.Dir = dir
	fetched(t, openAPIValidator, install)
	validate := func(file string) (string, error) {
		out, err := exec.Command(filepath.Join(dir, "node_modules", ".bin", "validate-api"), file).CombinedOutput()
		return string(out), err
	}
	if out, err := validate(file); err != nil || !strings.Contains(out, `"valid": true`) {
		t.Errorf("%v\n%.3000s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(strings.Replace(string(text), `"operationId"`, `"operationID"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := validate(bad); err == nil && !strings.Contains(out, `"valid": false`) {
		t.Errorf("a document with an unknown key is valid: %.500s", out)
	}
}

// TestGeneratedClient: a client that a foreign generator makes of the document compiles, and
// drives a whole test. Neither the client nor its module is part of this repository.
func TestGeneratedClient(t *testing.T) {
	n, folder := apiServer(t)
	token := n.token(t, folder, "read", "check", "submit")
	file := writeDocument(t, n.node)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "client"))); err != nil {
		t.Fatal(err)
	}
	// Its name here keeps it from tools that take every .go file for a package of this module.
	if err := os.Rename(filepath.Join(dir, "walk.go.txt"), filepath.Join(dir, "walk.go")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o700); err != nil {
		t.Fatal(err)
	}
	tools, err := filepath.Abs("../tools")
	if err != nil {
		t.Fatal(err)
	}
	run := func(in, program string, args ...string) *exec.Cmd {
		c := exec.Command(program, args...)
		c.Dir = in
		c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off", "TODOKU_TOKEN="+token)
		return c
	}
	fetched(t, "oapi-codegen", run(tools, "go", "tool", "-n", "oapi-codegen"))
	fetched(t, "the modules of the generated client", run(dir, "go", "mod", "download"))
	for _, c := range []*exec.Cmd{
		run(tools, "go", "tool", "oapi-codegen", "-generate", "types,client", "-package", "api", "-o", filepath.Join(dir, "api", "client.go"), file),
		run(dir, "go", "build", "-o", "walk", "."),
	} {
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%.3000s", c.Args, err, out)
		}
	}
	out, err := run(dir, filepath.Join(dir, "walk"), "-server", "http://"+n.http, "-domain", "shop.example").CombinedOutput()
	if err != nil || strings.Count(string(out), "done: ") != 11 {
		t.Errorf("%v\n%s\n%s", err, out, n.log)
	}
}
