package keys

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/said"
	"github.com/todoku/todoku/internal/store"
)

// tree are files by name.
type tree map[string]string

func (f tree) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, os.ErrNotExist)
	}
	return []byte(text), nil
}

func (f tree) glob(pattern string) (out []string, err error) {
	for name := range f {
		if ok, err := path.Match(pattern, name); err != nil {
			return nil, err
		} else if ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

func testPEM(t testing.TB) string {
	t.Helper()
	key, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := dkim.MarshalPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem)
}

// show writes what was found, one key a line.
func show(f *Found) string {
	var out []string
	for _, k := range slices.Concat(f.Keys, f.OfAuthor) {
		line := cmp.Or(k.Domain, "(author)") + " " + k.Selector
		for _, p := range k.Patterns {
			line += fmt.Sprintf(" %s:%d", p.Pattern, p.Position)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestReadOpenDKIM(t *testing.T) {
	pem := testPEM(t)
	files := tree{
		"/k/a.private": pem, "/k/b.private": pem, "/k/x.example/s.private": pem, "/k/bad": "no key",
		"/etc/self": "Include /etc/self\nInclude /etc/self\n", "/etc/KeyTable": "# keys\na example.com:s1:/k/a.private\nb  example.com:s2:/k/b.private\n c\tnews.example:s3:/k/a.private # third\nany %:s:/k/%/s.private\nbroken x\nbad bad.example:s:/k/bad\ngone gone.example:s:/k/none\nrel rel.example:s:./k\ninline in.example:s:" + strings.ReplaceAll(pem, "\n", `\n`) + "\n",
		"/etc/SigningTable": "*@example.com a\n*@example.com b\n*@*.example.com b:%\nletters*@shop.example c\nexample.org a\n*@x.example any\n*@y.* any\n*@z.example nokey\n*@bad.example bad\n*@gone.example gone\n*@in.example inline\n@ a\n",
		"/etc/more":         "Domain example.com\nSelector s1\nKeyFile /k/a.private\n", "/etc/named": "two.example two.example:s:/k/b.private\none.example one.example:s:/k/a.private\n",
		"/etc/identities": "*@one.example one.example:@one.example\n*@two.example %:@%\nme@two.example two.example:me@two.example\n",
		"/etc/verp":       "bounce=*@one.example one.example\n*=*@two.example two.example\n",
		"/etc/whole":      "*.one.example one.example\n*one.example one.example\na*-b**one.example one.example\na* one.example\n.one.example one.example\none.example one.example\n*@.one.example one.example\n",
		"/etc/regular":    "a?b@one.example one.example\n^a@one.example one.example\na$@one.example one.example\na|b@one.example one.example\na{2}@one.example one.example\na+b@one.example one.example\n",
		"/etc/wide":       "n* one.example:s:/k/a.private\nnever two.example:s:/k/b.private\nx.example x.example:s:/k/x.example/s.private\n*.x.example below.example:s:/k/a.private\n* %:s:/k/b.private\nlate late.example:s:/k/b.private\n",
		"/etc/domains":    "a.example\n*.b.example\n",
		"/k2/a.twice.example/a.twice.example.pem": pem, "/k2/b.twice.example/other.pem": pem, "/etc/./k": pem, "/etc/k": pem,
		"/etc/plain": "example.com b\n.example.com a\nuser@example.com c\n*  a\n",
	}
	for _, c := range []struct{ what, conf, want, notes string }{
		{
			"one domain", "# comment\nDomain example.com, example.net\nSelector s1\nKeyFile /k/a.private\nSubDomains yes\nCanonicalization relaxed/simple\n",
			"example.com s1 *@example.com:0 *@.example.com:0\nexample.net s1 *@example.net:0 *@.example.net:0", "",
		},
		{
			"a refile", "KeyTable refile:/etc/KeyTable\nSigningTable refile:/etc/SigningTable\n",
			"example.com s1 *@example.com:1\nexample.com s2 *@.example.com:3\nnews.example s3 letters*@shop.example:4\nx.example s *@x.example:6\nin.example s *@in.example:11",
			"broken|MultipleSignatures|example.org never fits|no file /k/%|no key nokey|bad.example|gone.example|no pattern",
		},
		{
			"several signatures", "KeyTable\tfile:/etc/KeyTable\nSigningTable\trefile:/etc/SigningTable\nMultipleSignatures Yes\n",
			"example.com s1 *@example.com:1\nexample.com s2 *@example.com:1 *@.example.com:3\nnews.example s3 letters*@shop.example:4\nx.example s *@x.example:6\nin.example s *@in.example:11",
			"broken|example.org never fits",
		},
		{
			"a plain table", "KeyTable /etc/KeyTable\nSigningTable /etc/plain\n",
			"example.com s2 *@example.com:0\nexample.com s1 *@.example.com:0 *@*:0\nnews.example s3 user@example.com:0", "broken",
		},
		{
			"lists with commas", "KeyTable csl:a=example.com:s1:/k/a.private, b = \nSigningTable csl:example.com=a,.example.com=a\n",
			"example.com s1 *@example.com:0 *@.example.com:0", "the line of b",
		},
		{"a file that is included", "Include /etc/more\nInclude /etc/more\n", "example.com s1 *@example.com:0", ""},
		{
			"the key named by the domain", "KeyTable /etc/named\nSigningTable csl:*=%\n",
			"one.example s *@one.example:0\ntwo.example s *@two.example:0", "",
		},
		{
			"files named by the domain", "KeyTable csl:any=%:s:/k/%/s.private\nSigningTable csl:*=any\n",
			"x.example s *@x.example:0", "",
		},
		{
			"files named twice by the domain", "KeyTable csl:any=%:s:/k2/%/%.pem\nSigningTable csl:news@.twice.example=any\n",
			"a.twice.example s news@a.twice.example:0", "",
		},
		{"selectors named by the domain", "KeyTable csl:any=x.example:%:/k/a.private\nSigningTable csl:*=any,x.example=any\n", "", "x.example:%: % stands"},
		{"part of a domain named by the domain", "KeyTable csl:any=mail.%:s:/k/a.private\nSigningTable csl:*=any,x.example=any\n", "", "mail.%:s: % stands"},
		{"no such file", "KeyTable csl:any=%:s:/none/%\nSigningTable csl:*=any\n", "", "no file /none/%"},
		{"one key for all", "KeyTable csl:any=%:s:/k/a.private\nSigningTable csl:.x.example=any,*=any\n", "(author) s *@.x.example:0 *@*:0", ""},
		{"all domains", "Domain *\nSelector s\nKeyFile /k/a.private\nSubDomains yes\n", "(author) s *@*:0", ""},
		{"domains by a refile", "Domain refile:/etc/domains\nSelector s\nKeyFile /k/a.private\nSubDomains yes\n", "a.example s *@a.example:0 *@.a.example:1\n(author) s *@.b.example:0", ""},
		{"one domain and all", "Domain *,a.example\nSelector s\nKeyFile /k/a.private\nSubDomains yes\n", "a.example s *@a.example:0 *@.a.example:1\n(author) s *@*:0", ""},
		{"a domain with a dot before it", "Domain .a.example\nSelector s\nKeyFile /k/a.private\n", "", "no domain begins with a dot"},
		{"a * in a file of domains", "Domain /etc/domains\nSelector s\nKeyFile /k/a.private\n", "a.example s *@a.example:0", "never signs"},
		{"below a folder", "KeyTable file:KeyTable\nSigningTable csl:x.example=any,y.example=rel\nBaseDirectory /etc\n", "x.example s *@x.example:0\nrel.example s *@y.example:0", "broken"},
		{
			"= in an address", "KeyTable /etc/named\nSigningTable refile:/etc/verp\n",
			"one.example s bounce=*@one.example:1\ntwo.example s *=*@two.example:2", "",
		},
		{
			"a refile without @", "KeyTable /etc/named\nSigningTable refile:/etc/whole\n",
			"one.example s *@.one.example:1 *@*one.example:2 a*@*-b*one.example:3 a*-b*@*one.example:3 a*@*:4", ".one.example never fits|one.example never fits|*@.one.example never fits",
		},
		{
			"a refile with what is a regular expression to OpenDKIM", "KeyTable /etc/named\nSigningTable refile:/etc/regular\n",
			"one.example s a+b@one.example:6", "a?b@one.example: ?|^a|a$|a|b|a{2}",
		},
		{
			"* in a table that is no refile", "KeyTable /etc/named\nSigningTable csl:*@one.example=one.example,*.one.example=one.example,a*@one.example=one.example,a@*.one.example=one.example,*@*=one.example,*@.one.example=one.example,a@*=one.example,b@.one.example=one.example,*=one.example\n",
			"one.example s a@*:0 b@.one.example:0 *@*:0", "*@one.example never fits|*.one.example never|a*@one.example never|a@*.one.example never|*@* never|*@.one.example never",
		},
		{"a name that comes twice", "KeyTable /etc/named\nMultipleSignatures yes\nSigningTable csl:one.example=one.example,one.example=two.example\n", "one.example s *@one.example:0", "only the first line"},
		{
			"names of keys with *", "KeyTable refile:/etc/wide\nSigningTable csl:a.example=n1,b.example=other,c.example=N1,x.example=%,.x.example=%,d.example=late\n",
			"one.example s *@a.example:0\nb.example s *@b.example:0\nc.example s *@c.example:0\nx.example s *@x.example:0\nbelow.example s *@.x.example:0\nd.example s *@d.example:0", "",
		},
		{"names of keys with * in a table that is no refile", "KeyTable /etc/wide\nSigningTable csl:a.example=n1\n", "", "no key n1"},
		{
			"identities", "KeyTable /etc/named\nSigningTable refile:/etc/identities\n",
			"one.example s *@one.example:1\ntwo.example s *@two.example:2 me@two.example:3", "i=me@two.example",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			f, err := ReadOpenDKIM([]byte(c.conf), Files{Read: files.read, Glob: files.glob})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(f); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			notes := english(f.Notes)
			for want := range strings.SplitSeq(c.notes, "|") {
				if !strings.Contains(notes, want) {
					t.Errorf("no note says %q:\n%s", want, notes)
				}
			}
			if c.notes == "" && notes != "" {
				t.Error(notes)
			}
			if strings.Contains(notes, strings.Split(pem, "\n")[1]) {
				t.Errorf("a note shows a key: %s", notes)
			}
		})
	}
	for _, conf := range []string{"", "Domain example.com\n", "SigningTable ldap://x\nKeyTable /etc/KeyTable", "SigningTable /none\nKeyTable /etc/KeyTable", "SigningTable /etc/plain", "Include /none", "Include /etc/self"} {
		if f, err := ReadOpenDKIM([]byte(conf), Files{Read: files.read, Glob: files.glob}); err == nil {
			t.Errorf("%q: %s", conf, show(f))
		}
	}
	if f, err := ReadOpenDKIM([]byte("Domain example.com\nSelector s1\nKeyFile /k/a.private\nCanonicalization relaxed/simple\n"), Files{Read: files.read, Glob: files.glob}); err != nil || f.Settings["canonicalization"] != "relaxed/simple" {
		t.Errorf("%v, %v", f, err)
	}
}

// TestReadOpenDKIM_Bounds: no line is too long for what stands behind it, and keys that are too many are missed aloud. A key in a list is not shown.
func TestReadOpenDKIM_Bounds(t *testing.T) {
	files := tree{"/k": testPEM(t)}
	conf := "# " + strings.Repeat("x", 2*maxKey) + "\nDomain example.com\nSelector s\nKeyFile /k\n"
	f, err := ReadOpenDKIM([]byte(conf), Files{Read: files.read, Glob: files.glob})
	if err != nil || len(f.Keys) != 1 {
		t.Fatalf("%v, %v", f, err)
	}
	f.Keys = make([]FoundKey, maxFound)
	tables := tables{Found: f, files: Files{Read: files.read}, index: map[string]int{}}
	for range 2 {
		tables.take(tableKey{"example.com", "s", "/k"}, Pattern{}, 0)
	}
	if len(f.Keys) != maxFound || len(f.Notes) != 1 || !strings.Contains(f.Notes[0].EN, "more than") {
		t.Errorf("%d keys, %q", len(f.Keys), f.Notes)
	}
	f, err = ReadOpenDKIM([]byte("KeyTable csl:a=MC4CAQAwBQYDK2Vw\nSigningTable csl:example.com"), Files{Read: files.read, Glob: files.glob})
	if err != nil || len(f.Notes) == 0 || strings.Contains(english(f.Notes), "MC4C") {
		t.Errorf("%q, %v", f.Notes, err)
	}
}

func TestReadRspamd(t *testing.T) {
	pem := testPEM(t)
	files := tree{
		"/var/lib/rspamd/dkim/one.example.dkim.key": pem, "/var/lib/rspamd/dkim/two.example.s2.key": pem, "/k/a.key": pem, "/k/b.key": pem, "/etc/rspamd/v.key": pem, "/maps/p": "three.example /k/a.key\nfour.example \"/k/$domain.none\"\n",
		"/maps/s": "# domain selector\nthree.example s3\ntwo.example s2\n",
	}
	for _, c := range []struct{ what, conf, want, notes string }{
		{"files by the template", "sign_local = true; use_esld = false\n", "one.example dkim *@one.example:0", ""},
		{
			"maps", `path_map = "/maps/p"; selector_map = "file:///maps/s"; use_esld = no`,
			"four.example dkim|three.example s3 *@three.example:0\ntwo.example s2 *@two.example:0\none.example dkim *@one.example:0", "four.example",
		},
		{
			"sections", `dkim_signing {
	# a comment; with = signs
	use_esld = true; /* and { another */
	.include(try=true,priority=5) "${DBDIR}/x"
	path = "/none/$domain/$selector";
	domain {
		example.com { selectors [ { path = "/k/a.key"; selector = "a" }, { path: /k/b.key, selector: "b" } ] }
		"example.net" { path = "/k/a.key"; selector = "n"; }
	}
}`, "example.com a *@example.com:0 *@.example.com:0\nexample.com b *@example.com:0 *@.example.com:0\nexample.net n *@example.net:0 *@.example.net:0", "",
		},
		{"named sections", "use_esld=false; path=/none; domain example.com { path = /k/a.key\n selector = x }\ndomain \"example.org\" { path /k/b.key; selector y }", "example.com x *@example.com:0\nexample.org y *@example.org:0", ""},
		{"nothing", "path = /none/$domain.key", "", "no key was found"},
		{"files that are included", "use_esld = false; path = /none\n.include(try=true,priority=1,duplicate=merge) \"$LOCAL_CONFDIR/v.key\"\ndomain { a.example { path = /k/a.key } }", "a.example dkim *@a.example:0", "/etc/rspamd/v.key, which the configuration includes, is not read"},
		{"a bare include", "use_esld = false; path = /none\n.include /maps/p;\ndomain { a.example { path = /k/a.key } }", "a.example dkim *@a.example:0", "/maps/p, which the"},
		{"a map that is not there", "path = /none; path_map = /none; domain { a.example { path = /k/a.key } }", "a.example dkim *@a.example:0 *@.a.example:0", "path_map: /none"},
		{"a list of maps", `path = "/k/a.key"; use_esld = false; path_map = ["/maps/p", "https://maps.example/p", "regexp;/maps/r"]`, "https://maps.example/p|three.example dkim *@three.example:0", "https://maps.example/p is not a file"},
		{"lines in a list", `path = "/k/a.key"; use_esld = false; selector_map = ["x.example sx", "y.example sy"]`, "x.example sx *@x.example:0\ny.example sy *@y.example:0", ""},
		{"a map in a section", `path = "/k/a.key"; use_esld = false; selector_map { x.example = sx; "y.example" = 'sy' }`, "x.example sx *@x.example:0\ny.example sy *@y.example:0", ""},
		{"a map that is described", `path = /none; use_esld = false; path_map { url = "/maps/p"; description = "paths of keys" }`, "three.example dkim *@three.example:0", "four.example"},
		{"variables of paths", "use_esld = false; path = \"${DBDIR}/dkim/$domain.$selector.key\"\ndomain { v.example { path = '$LOCAL_CONFDIR/v.key'; selector = 'v' } }", "v.example v *@v.example:0\none.example dkim *@one.example:0", ""},
		{
			"a section leaves maps and templates nothing to add", "use_esld = false; path_map { one.example = /k/b.key }; selector_map { one.example = mapped }; domain { one.example { selector = new; path = /k/a.key } }",
			"one.example new *@one.example:0", "",
		},
		{"a section whose key cannot be read", "use_esld = false; domain { one.example { path = /k/gone } }", "", "/k/gone"},
		{"selector and path beside selectors", "path = /none; use_esld = false; domain { x.example { selector = plain; path = /k/a.key; selectors [ { selector = s1; path = /k/b.key } ] } }", "x.example plain *@x.example:0\nx.example s1 *@x.example:0", ""},
		{
			"maps fill in what sections leave out", "path = /none; use_esld = false; selector_map { x.example = sx; y.example = sy }; path_map { y.example = /k/b.key; z.example = /k/b.key }; domain { x.example { path = /k/a.key }, y.example { selectors [ { selector = own }, { path = /k/a.key } ] }, z.example { } }",
			"x.example sx *@x.example:0\ny.example own *@y.example:0\ny.example sy *@y.example:0\nz.example dkim *@z.example:0", "",
		},
		{"no fallback", "try_fallback = false; use_esld = false; selector_map { two.example = s2 }; domain { one.example { }, x.example { path = /k/a.key } }", "x.example dkim *@x.example:0\ntwo.example s2 *@two.example:0", ""},
		{"variables in braces", "use_esld = false; path = '/var/lib/rspamd/dkim/${domain}.${selector}.key'", "one.example dkim *@one.example:0", ""},
		{"tables as OpenDKIM has them", "signing_table = [\"*@x.example x\"]; key_table = \"/maps/k\"; domain { x.example { path = /k/a.key } }", "", "signing_table and key_table"},
		{"a domain that is not that of From", "use_esld = false; use_domain = envelope", "one.example dkim *@one.example:0", "use_domain = envelope"},
		{"Redis", "path = /none; use_redis = true; domain { a.example { path = /k/a.key } }", "a.example dkim *@a.example:0 *@.a.example:0", "keys in Redis"},
		{"Vault", "path = /none; use_vault = true; domain { a.example { path = /k/a.key } }", "a.example dkim *@a.example:0 *@.a.example:0", "keys in Vault"},
		{
			"Lua", "path = /none; use_esld = false;\nsign_condition = <<EOD\nreturn function(task)\n  if x then return { domain = \"}\" } end -- {\nend\nEOD;\ndomain { a.example { path = /k/a.key } }",
			"a.example dkim *@a.example:0", "Lua",
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			f, err := ReadRspamd([]byte(c.conf), Files{files.read, files.glob})
			if err != nil {
				t.Fatal(err)
			}
			if want := c.want[strings.IndexByte(c.want, '|')+1:]; show(f) != want {
				t.Errorf("got\n%s\nwant\n%s\n%v", show(f), want, f.Notes)
			}
			if notes := english(f.Notes); !strings.Contains(notes, c.notes) || c.notes == "" && notes != "" {
				t.Errorf("notes: %s", notes)
			}
		})
	}
	for _, conf := range []string{"a {", "}", `a = "x`, "a [", strings.Repeat("a {", 40), "a = 'x", "a = <<EOD\nx\n", "a = [ }", `""`, "a {\n\"\""} {
		if f, err := ReadRspamd([]byte(conf), Files{files.read, files.glob}); err == nil {
			t.Errorf("%q: %v", conf, f)
		}
	}
}

// TestReadRspamd_Base64: rspamadm dkim_keygen writes Ed25519 keys as base64 of the seed, or of the seed and the public key; rspamd also takes
// base64 of the DER of others.
func TestReadRspamd_Base64(t *testing.T) {
	seeded := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	rsa, err := dkim.GenerateKey("rsa", 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(rsa)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	files := tree{"/seed": text(seeded.Seed()) + "\n", "/whole": text(seeded), "/der": text(der), "/odd": text(make([]byte, 64)), "/junk": text([]byte("not a key at all"))}
	for file, want := range map[string]crypto.Signer{"/seed": seeded, "/whole": seeded, "/der": rsa, "/odd": nil, "/junk": nil} {
		f, err := ReadRspamd([]byte("path = /none; domain { a.example { path = "+file+" } }"), Files{files.read, files.glob})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			if len(f.Keys) != 0 || !strings.Contains(english(f.Notes), "a.example") || strings.Contains(english(f.Notes), files[file]) {
				t.Errorf("%s: %s %s", file, show(f), english(f.Notes))
			}
			continue
		}
		if len(f.Keys) != 1 {
			t.Errorf("%s: %s", file, english(f.Notes))
		} else if a, b := f.Keys[0].Key.Public(), want.Public(); !a.(interface{ Equal(crypto.PublicKey) bool }).Equal(b) {
			t.Errorf("%s: %v, not %v", file, a, b)
		}
	}
}

func FuzzParseUCL(f *testing.F) {
	for _, s := range []string{"a = b; c { d = [e, {f = g}] }", `x "y" { z = "\"" }`, "a = <<EOD\n}\nEOD;", "a = 'b'", "# c\n/* */ .include(x) y\n", "a [[[", "a = {", "=", "a,", "{}", `""`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, err := parseUCL(data); err != nil && !strings.Contains(err.Error(), "line ") && len(data) <= maxUCL {
			t.Fatal(err)
		}
	})
}

func FuzzReadOpenDKIM(f *testing.F) {
	pem := testPEM(f)
	f.Add("KeyTable /k\nSigningTable refile:/s\n", "a example.com:s:/p\nb %:s:/p", "*@example.com a\n*@x.example b")
	f.Add("Domain a.example\nSelector s\nKeyFile /p", "", "")
	f.Fuzz(func(t *testing.T, conf, table, signing string) {
		found, err := ReadOpenDKIM([]byte(conf), Files{Read: tree{"/k": table, "/s": signing, "/p": pem}.read, Glob: tree{"/k": table, "/s": signing, "/p": pem}.glob})
		if err != nil {
			return
		}
		for _, k := range found.Keys {
			for _, p := range k.Patterns {
				if _, err := ParsePattern(p.Pattern); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestImport: a key that every server shows signs at once, another one waits.
func TestImport(t *testing.T) {
	w := newWorld(t, 2, 0)
	key, err := dkim.ParsePrivateKey([]byte(testPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	record, _ := dkim.RecordFor(key.Public())
	for i, s := range w.servers {
		changes := []dns.Change{{Action: dns.Add, Name: "old._domainkey.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{record}}}
		if i == 0 {
			changes = append(changes, dns.Change{Action: dns.Add, Name: "half._domainkey.example.com", Type: dns.TypeTXT, TTL: 60, Data: []string{record}})
		}
		if err := s.zone.Apply(changes...); err != nil {
			t.Fatal(err)
		}
	}
	k := w.keeper()
	if e, shown, err := k.Import(ctx, FoundKey{Domain: "Example.com", Selector: "OLD", Key: key}); err != nil || !shown || e.State != store.KeySigning || e.Selector != "old" {
		t.Errorf("%v %v %v", e.State, shown, err)
	}
	if e, shown, err := k.Import(ctx, FoundKey{Domain: "example.com", Selector: "half", Key: key}); err != nil || shown || e.State != store.KeyPrepared {
		t.Errorf("%v %v %v", e.State, shown, err)
	}
	if e, shown, err := k.Import(ctx, FoundKey{Domain: "nowhere.test", Selector: "s", Key: key}); err != nil || shown || !strings.Contains(NoteOf(&e).Problem, "was not found") {
		t.Errorf("%q %v %v", NoteOf(&e).Problem, shown, err)
	}
	if got := w.sign(w.ring()); len(got) != 1 || got[0] != "old" {
		t.Errorf("%v signs", got)
	}
	for what, f := range map[string]FoundKey{"no selector": {Domain: "example.com", Key: key}, "no domain": {Selector: "s", Key: key}, "a bad selector": {Domain: "example.com", Selector: "a b", Key: key}} {
		if _, _, err := k.Import(ctx, f); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

// TestFoundKeyIsNotShown: whatever prints a key that was found shows which it is, and nothing more.
func TestFoundKeyIsNotShown(t *testing.T) {
	f, err := ReadOpenDKIM([]byte("Domain a.example\nSelector s\nKeyFile /k\n"), Files{Read: tree{"/k": testPEM(t)}.read, Glob: tree{"/k": testPEM(t)}.glob})
	if err != nil {
		t.Fatal(err)
	}
	k := f.Keys[0]
	for _, got := range []string{fmt.Sprintf("%v", k), fmt.Sprintf("%#v", &k), fmt.Sprintf("%d", k), k.LogValue().String()} {
		if got != "s._domainkey.a.example" {
			t.Error(got)
		}
	}
}

// english gives notes as lines.
func english(notes []said.Text) string {
	var b strings.Builder
	for i, n := range notes {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(n.EN)
	}
	return b.String()
}

// TestSuccessorBits: a key of another program may be of any size; the one after it is of those that verifiers take (RFC 8301 section 3.2).
func TestSuccessorBits(t *testing.T) {
	for bits, want := range map[int]int{1024: 2048, 2048: 2048, 2049: 3072, 3072: 3072, 4096: 4096, 8192: 4096} {
		if got := successorBits(bits); got != want {
			t.Errorf("%d bits: %d, not %d", bits, got, want)
		}
	}
}

// TestImportByAnotherText: a key that another program published with tags that ours has not is never published a second time beside that, whatever servers
// answer; it lives its whole life, and what is shown to paste and taken away is what is there.
func TestImportByAnotherText(t *testing.T) {
	key, err := dkim.ParsePrivateKey([]byte(testPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	ours, _ := dkim.RecordFor(key.Public())
	theirs := strings.Replace(ours, "v=DKIM1; ", "v=DKIM1; h=sha256; ", 1) // as opendkim-genkey
	const name = "mail._domainkey.example.com"
	has := func(s *server) (out []string) {
		for _, r := range s.zone.Resolve(ctx, dns.Question{Name: name, Type: dns.TypeTXT}).Records {
			out = append(out, r.Data)
		}
		return out
	}
	for what, down := range map[string][]int{"all answer": nil, "the second does not": {1}, "none does": {0, 1}} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t, 2, time.Minute)
			w.direct = true
			w.put(t, name, theirs)
			k := w.keeper()
			for _, n := range down {
				w.servers[n].down.Store(true)
			}
			e, shown, err := k.Import(ctx, FoundKey{Domain: drillDomain, Selector: "mail", Key: key})
			if err != nil || shown != (down == nil) {
				t.Fatal(shown, err)
			}
			if got := k.Publish(&e).Data[0]; got != theirs && len(down) < 2 {
				t.Errorf("to paste: %q", got)
			}
			steps := func(n int) {
				t.Helper()
				for range n {
					if err := k.Step(ctx); err != nil {
						t.Fatal(err)
					}
					w.pass(6 * time.Minute)
				}
			}
			steps(2)
			for _, n := range down {
				w.servers[n].down.Store(false)
			}
			steps(3)
			if got := has(w.servers[0]); len(got) != 1 || got[0] != theirs || w.states() != "ed25519:signing" {
				t.Fatalf("%q, %s", got, w.states())
			}
			if _, err := k.Rotate(ctx, e.ID); err != nil {
				t.Fatal(err)
			}
			steps(3)
			w.long(k, k.Hold())
			steps(3)
			if got, err := w.store.Key(ctx, e.ID); err != nil || got.State != store.KeyRemoved || got.Sealed != nil || len(has(w.servers[0])) != 0 {
				t.Errorf("%q, %s: %+v, %v", has(w.servers[0]), w.states(), NoteOf(&got), err)
			}
		})
	}
}

// TestSeveralTexts: where servers show the key by different texts, all are taken away; one that they go on showing for a day is a problem that is said.
func TestSeveralTexts(t *testing.T) {
	w := newWorld(t, 2, time.Minute)
	w.direct = true
	e := w.create("ed25519")
	k := w.keeper()
	steps := func(n int) {
		t.Helper()
		for range n {
			if err := k.Step(ctx); err != nil {
				t.Fatal(err)
			}
			w.pass(6 * time.Minute)
		}
	}
	steps(3)
	noted := e.Record + "; n=note"
	change := k.publish(&e, noted)
	change.Action, change.Was = dns.Replace, []string{e.Record}
	if err := w.servers[1].zone.Apply(change); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rotate(ctx, e.ID); err != nil {
		t.Fatal(err)
	}
	steps(3)
	w.long(k, k.Hold())
	steps(2)
	got, err := w.store.Key(ctx, e.ID)
	if err != nil || got.State != store.KeyRetiring || !slices.Equal(k.Withdraw(&got).Was, []string{noted}) {
		t.Errorf("%s: %q, %v", got.State, k.Withdraw(&got).Was, err) // the first server has none any more, and the second is not written to
	}
	w.long(k, 25*time.Hour)
	steps(1)
	got, _ = w.store.Key(ctx, e.ID)
	if ja, ok := Japanese(NoteOf(&got).Problem); NoteOf(&got).Problem != problemStands || !ok {
		t.Errorf("%q, in Japanese %q", NoteOf(&got).Problem, ja)
	}
	if err := w.servers[1].zone.Apply(k.Withdraw(&got)); err != nil {
		t.Fatal(err)
	}
	steps(1)
	if w.states() != "ed25519:removed ed25519:signing" {
		t.Error(w.states())
	}
}
