package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/keys"
	"github.com/todoku/todoku/internal/store"
)

// TestKeysShow_Paste: the records in the forms of panels and programs, as check gives repairs.
func TestKeysShow_Paste(t *testing.T) {
	p := withKeys(t, dns.Zone{"shop.example": {"SERVFAIL NS"}})
	if r := p.run("keys", "create", "shop.example", "--algorithm", "ed25519", "--selector", "s1").want(t, 0); strings.Contains(r.err, "beside") {
		t.Error(r.err)
	}
	for form, want := range map[string]string{"cloudflare": "Name: s1._domainkey\n", "nsupdate": "zone shop.example.\n", "string": "\nv=DKIM1; k=ed25519; p="} {
		r := p.run("keys", "show", "shop.example", "--paste", form).want(t, 0)
		if !strings.Contains(r.out, want) || strings.Contains(r.out, " IN TXT ") {
			t.Errorf("%s: %s", form, r.out)
		}
	}
	if r := p.run("keys", "show", "shop.example", "--paste", "all", "--lang", "ja").want(t, 0); !strings.Contains(r.out, "; バリュードメインの DNS 設定") || !strings.Contains(r.out, " IN TXT ") {
		t.Error(r.out)
	}
	p.run("keys", "show", "shop.example", "--paste", "x").want(t, 2)
	if r := p.run("keys", "create", "shop.example", "--algorithm", "ed25519").want(t, 0); !strings.Contains(r.err, "sign beside it") {
		t.Errorf("a second key without a word: %s", r.err)
	}
}

// TestKeysWrongMaster: the master key of another database is found out before anything is kept, and status says what cannot be read.
func TestKeysWrongMaster(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	p.run("keys", "create", "shop.example", "--algorithm", "ed25519").want(t, 0)
	other := filepath.Join(t.TempDir(), "other")
	p.run("keys", "master", other).want(t, 0)
	for _, c := range []struct{ args, en, ja string }{
		{"create new.example", "another master key than the one given", "別のマスター鍵で暗号化されています"},
		{"status", "another master key than the one given", "別のマスター鍵で暗号化されています"},
	} {
		for lang, want := range map[string]string{"en": c.en, "ja": c.ja} {
			r := p.run(append([]string{"keys"}, append(strings.Fields(c.args), "--master-key-file", other, "--lang", lang)...)...)
			if !strings.Contains(r.out+r.err, want) || r.code == 0 {
				t.Errorf("%s: %d %s%s", c.args, r.code, r.out, r.err)
			}
		}
	}
	if r := p.run("keys", "list", "--master-key-file", t.TempDir()).want(t, 3); !strings.Contains(r.err, "is not a file") || strings.Contains(r.err, "chmod") {
		t.Error(r.err)
	}
	if err := os.Chmod(other, 0o640); err != nil {
		t.Fatal(err)
	}
	if r := p.run("keys", "list", "--master-key-file", other, "--lang", "ja").want(t, 3); !strings.Contains(r.err, "所有者以外も読めます (モード 0640)") {
		t.Error(r.err)
	}
}

// TestKeysRotate_Elsewhere: where another program takes the steps, or was killed while it did, that is said.
func TestKeysRotate_Elsewhere(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	if r := p.run("keys", "rotate").want(t, 0); strings.Contains(r.err, "Another program") {
		t.Error(r.err)
	}
	st, err := store.Open(context.Background(), p.env["TODOKU_DATABASE"])
	if err != nil {
		t.Fatal(err)
	}
	if mine, err := keys.New(keys.Config{Store: st, Now: time.Now}).StepNow(context.Background()); !mine || err != nil {
		t.Fatal(mine, err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if r := p.run("keys", "rotate").want(t, 0); !strings.Contains(r.err, "Another program") {
		t.Errorf("nothing is said: %q", r.err)
	}
}

// TestKeysJapanese: why something cannot be done is said in Japanese, too.
func TestKeysJapanese(t *testing.T) {
	p := withKeys(t, dns.Zone{})
	p.run("keys", "create", "a.example", "--algorithm", "ed25519").want(t, 0)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"keys", "rollback", "a.example"}, 2, "該当する鍵がありません: 最初の鍵は取り消せません"},
		{[]string{"keys", "rotate", "a.example"}, 2, "該当する鍵がありません: 署名中の鍵がありません"},
	} {
		if r := p.run(append(c.args, "--lang", "ja")...).want(t, c.code); !strings.Contains(r.err, c.want) || strings.Contains(r.err, "読み取れません") {
			t.Errorf("%q: %s", c.args, r.err)
		}
	}
}
