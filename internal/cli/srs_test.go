package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

func TestSRS(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	secret := filepath.Join(t.TempDir(), "srs")
	if err := os.WriteFile(secret, []byte("A shared secret of both\nolder\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"--domain", "fwd.example", "--secret-file", secret, "--at", "2026-11-26T04:00:00Z"}
	srs := func(args ...string) ran { return p.run(append(append([]string{"srs"}, args...), common...)...) }
	const rewritten = "SRS0=R9pR=JP=example.com=user@fwd.example"
	if r := srs("forward", "<user@example.com>", "", "me@fwd.example").want(t, 0); r.out != rewritten+"\n\nme@fwd.example\n" {
		t.Errorf("%q", r.out)
	}
	p.with(strings.ToLower(rewritten) + "\nnobody@fwd.example\n")
	if r := srs("reverse", "-").want(t, 0); r.out != "user@example.com\nnobody@fwd.example\n" {
		t.Errorf("%q", r.out)
	}
	forged := strings.Replace(rewritten, "user@", "root@", 1)
	if r := srs("reverse", forged, rewritten).want(t, 1); r.out != "user@example.com\n" || !strings.Contains(r.err, "hash") {
		t.Errorf("%q %q", r.out, r.err)
	}
	v := srs("reverse", "--json", forged).want(t, 1).json(t)
	if at(t, v, "address") != nil || at(t, v, "input") != forged || at(t, v, "error") == nil {
		t.Errorf("%v", v)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"forward", "user"}, 1, "user: アドレスの形式が正しくありません"}, {[]string{"forward", strings.Repeat("x", 60) + "@a.example"}, 1, "受け付けるべき長さを超えます"}, {[]string{"reverse", forged}, 1, forged + ": ハッシュが一致しません"},
		{[]string{"reverse", rewritten, "--max-age", "1d", "--at", "2026-12-26T04:00:00Z"}, 1, rewritten + ": 書き換えたアドレスの有効期限が切れています"},
		{[]string{"forward", "--hash-length", "2", "a@b.example"}, 2, "--hash-length は 4〜27 文字"}, {[]string{"forward", "--domain", "b..example", "a@b.example"}, 2, `--domain: "b..example" はドメインではありません`},
		{[]string{"forward", "--domain", "*.example", "a@b.example"}, 2, `--domain: "*.example" はドメインではありません`},
	} {
		args := append([]string{"srs", c.args[0], "--domain", "fwd.example", "--secret-file", secret, "--lang", "ja", "--at", "2026-11-26T04:00:00Z"}, c.args[1:]...)
		if r := p.run(args...).want(t, c.code); !strings.Contains(r.err, c.says) || strings.Contains(r.err, "srs:") {
			t.Errorf("%q: %s", c.args, r.err)
		}
	}
	for _, args := range [][]string{{"forward"}, {"forward", "--separator", "x", "a@b.example"}, {"forward", "--hash-length", "2", "a@b.example"}, {"forward", "--max-age", "2000d", "a@b.example"}} {
		srs(args...).want(t, 2)
	}
	p.run("srs", "forward", "--domain", "fwd.example", "a@b.example").want(t, 2)
	p.run("srs", "forward", "--domain", "fwd.example", "--secret-file", "/nonexistent/s", "a@b.example").want(t, 3)
}
