package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/access"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/tokens"
)

// newDatabase makes the database of a server.
func newDatabase(t *testing.T) (name string, st *store.Store) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "todoku.db")
	st, err := store.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return name, st
}

// may reports what a running server lets a token do.
func may(t *testing.T, st *store.Store, secret, scope string) bool {
	t.Helper()
	r := httptest.NewRequest("GET", "http://127.0.0.1/api/v1/findings", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	c, p := tokens.NewGuard(tokens.Config{Store: st}).Admit(r)
	return p == nil && c.May(scope)
}

// TestToken is the life of a token, beside a server that runs on the same database.
func TestToken(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	db, st := newDatabase(t)
	if r := p.run("token", "list", "--database", db).want(t, 0); !strings.Contains(r.out, "There are no tokens.") {
		t.Errorf("%q", r.out)
	}
	made := p.run("token", "create", "--database", db, "--name", "checks", "--scope", "read", "--scope", "check", "--expires", "90d").want(t, 0)
	secret := strings.TrimSuffix(made.out, "\n")
	if !strings.HasPrefix(secret, "tdk_") || strings.ContainsAny(secret, " \n") || !strings.Contains(made.err, "the only time") || strings.Contains(made.err, secret) {
		t.Errorf("made: %q %q", made.out, made.err)
	}
	if !may(t, st, secret, service.ScopeCheck) || may(t, st, secret, service.ScopeSubmit) {
		t.Error("it may not do what it was made for, or more")
	}
	other := p.run("token", "create", "--database", db, "--name", "everything", "--scope", "admin", "--json").want(t, 0).json(t)
	if at(t, other, "expires") != nil || at(t, other, "last_used") != nil || !may(t, st, at(t, other, "token").(string), service.ScopeAdmin) {
		t.Errorf("%v", other)
	}

	list := p.run("token", "list", "--database", db).want(t, 0)
	asJSON := p.run("token", "list", "--database", db, "--json").want(t, 0)
	for _, out := range []string{list.out, asJSON.out} {
		if !strings.Contains(out, "checks") || !strings.Contains(out, "everything") || strings.Contains(out, "tdk_") || strings.Contains(out, secret[4:]) {
			t.Errorf("listed:\n%s", out)
		}
	}
	if n := len(at(t, asJSON.json(t), "tokens").([]any)); n != 2 {
		t.Errorf("%d tokens", n)
	}
	var id string
	for _, o := range at(t, asJSON.json(t), "tokens").([]any) {
		if at(t, o, "name") == "checks" {
			id = at(t, o, "id").(string)
			if at(t, o, "expires") == nil || at(t, o, "last_used") == nil {
				t.Errorf("%v", o)
			}
		}
	}
	if ja := p.run("--lang", "ja", "token", "list", "--database", db).want(t, 0); !strings.Contains(ja.out, "有効期限") {
		t.Errorf("%s", ja.out)
	}

	if r := p.run("token", "revoke", "--database", db, id).want(t, 0); !strings.Contains(r.err, id) {
		t.Errorf("%q", r.err)
	}
	if may(t, st, secret, service.ScopeRead) {
		t.Error("a revoked token is let in")
	}
	if r := p.run("token", "revoke", "--database", db, id).want(t, 3); !strings.Contains(r.err, "there is no token "+id) {
		t.Errorf("%q", r.err)
	}
}

// TestTokensOfCustomers: the list says whose each token is, and a customer is found by the name as they type it.
func TestTokensOfCustomers(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	db, st := newDatabase(t)
	for _, name := range []string{"cusa", "ユーザー"} {
		if _, err := st.AddPerson(t.Context(), store.Person{Name: name, Role: access.Customer}, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, customer := range []string{" CusA ", "ﾕｰｻﾞｰ"} {
		p.run("token", "create", "--database", db, "--name", "deploy", "--customer", customer, "--scope", "domains").want(t, 0)
	}
	p.run("token", "create", "--database", db, "--name", "own", "--scope", "read").want(t, 0)
	list := p.run("token", "list", "--database", db).want(t, 0).out
	for _, want := range []string{`(?m)^\S+ +NAME +CUSTOMER +SCOPES`, `(?m)^\S+ +deploy +cusa +domains `, `(?m)^\S+ +deploy +ユーザー +domains `, `(?m)^\S+ +own +- +read `} {
		if !regexp.MustCompile(want).MatchString(list) {
			t.Errorf("no %s:\n%s", want, list)
		}
	}
	if out := p.run("token", "list", "--database", db, "--json").want(t, 0).out; !strings.Contains(out, `"customer":"cusa"`) && !strings.Contains(out, `"customer": "cusa"`) {
		t.Errorf("%s", out)
	}
	for _, nobody := range []string{"cusb", "a b", "\u202ecusa"} {
		p.run("token", "create", "--database", db, "--name", "x", "--customer", nobody, "--scope", "domains").want(t, 3)
	}
}

// TestTokenUsage: what is missing or wrong is said, and nothing is made.
func TestTokenUsage(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	db, st := newDatabase(t)
	nowhere := filepath.Join(t.TempDir(), "none.db")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"create", "--scope", "read"}, 2, "--name: give 1 to 100 characters"},
		{[]string{"create", "--name", "a\x1b[2J", "--scope", "read"}, 2, "--name: give 1 to 100 characters"},
		{[]string{"create", "--name", "x"}, 2, "--scope: choose of read, check, submit, admin"},
		{[]string{"create", "--name", "x", "--scope", "root"}, 2, "--scope: choose of read, check, submit, admin"},
		{[]string{"create", "--name", "x", "--scope", "read", "--expires", "soon"}, 2, "--expires soon: write it as 30d"},
		{[]string{"create", "--name", "x", "--scope", "read", "--expires", "-1h"}, 2, "--expires -1h"},
		{[]string{"create", "--name", "x", "--scope", "read", "--expires", "0"}, 2, "--expires: the token would have expired already"},
		{[]string{"create", "--name", "x", "--scope", "read", "--expires", "1ns"}, 2, "--expires: the token would have expired already"},
		{[]string{"create", "--name", "x", "--scope", "read", "more"}, 2, "takes flags only"},
		{[]string{"list", "more"}, 2, "takes flags only"},
		{[]string{"revoke"}, 2, "give the ids of the tokens"},
		{[]string{"revoke", "\x1b[2Jx"}, 3, "there is no token"},
	} {
		r := p.run(append([]string{"token", c.args[0], "--database", db}, c.args[1:]...)...).want(t, c.code)
		if !strings.Contains(r.err, c.want) || r.out != "" || strings.Contains(r.err, "\x1b") {
			t.Errorf("%q: %q %q, want %q", c.args, r.out, r.err, c.want)
		}
		if list, err := st.Tokens(t.Context(), 10); err != nil || len(list) != 0 {
			t.Fatalf("%q: a token was made: %v %v", c.args, list, err)
		}
	}
	for _, args := range [][]string{{"create", "--name", "x", "--scope", "read"}, {"list"}, {"revoke", "x"}} {
		r := p.run(append([]string{"token", args[0], "--database", nowhere}, args[1:]...)...).want(t, 3)
		if !strings.Contains(r.err, "there is no such database") {
			t.Errorf("%v: %q", args, r.err)
		}
		if _, err := os.Stat(nowhere); err == nil {
			t.Fatalf("%v made a database", args)
		}
	}
}
