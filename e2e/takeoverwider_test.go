package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/dns/dnstest"
	"github.com/todoku/todoku/message"
)

// signedOtherwise is what our milter signs otherwise than OpenDKIM 2.11 by the same configuration: "test: message" to both. Each stands in
// docs/from-opendkim.md.
var signedOtherwise = map[string]string{
	"refile: a@alpha.example, b@beta.example":                "OpenDKIM a.alpha.example, Todoku ",
	"refile: b@sub.beta.example, x@alpha.example":            "OpenDKIM b.beta.example, Todoku ",
	"refile, odd characters: ab@alpha.example":               "OpenDKIM a.alpha.example, Todoku ",
	"file, several: y@sub.alpha.example":                     "OpenDKIM s.sub.alpha.example s.sub.alpha.example, Todoku s.sub.alpha.example",
	"file: post@eddy.example":                                "OpenDKIM , Todoku e.eddy.example",
	"identities: x@alpha.example":                            "OpenDKIM , Todoku a.alpha.example",
	"several: x@alpha.example":                               "OpenDKIM a.alpha.example a.alpha.example, Todoku a.alpha.example",
	"several: x@sub.alpha.example":                           "OpenDKIM a.alpha.example a.alpha.example, Todoku a.alpha.example s.sub.alpha.example",
	"several: x@deep.alpha.example":                          "OpenDKIM a.alpha.example a.alpha.example, Todoku a.alpha.example",
	"SenderHeaders: x@alpha.example, Sender: y@beta.example": "OpenDKIM b.beta.example, Todoku a.alpha.example",
	"MacroList: {auth_type} plain":                           "OpenDKIM a.alpha.example, Todoku ",
	"MacroList: {auth_type} CRAM-MD5":                        "OpenDKIM a.alpha.example, Todoku ",
	"MacroList in a file: {auth_type} CRAM-MD5":              "OpenDKIM a.alpha.example, Todoku ",
}

// takeoverPair is OpenDKIM and our milter with its configuration, over one zone.
type takeoverPair struct {
	theirs, ours string
	log          func() string
}

type takeoverKey struct{ pem, record string }

// takeoverKeys are the keys of these tests, made once; nil where they could not be.
var takeoverKeys = sync.OnceValue(func() map[string]takeoverKey {
	out := map[string]takeoverKey{}
	for name, algorithm := range map[string]string{"a.alpha.example": "rsa", "b.beta.example": "rsa", "e.eddy.example": "ed25519", "s.sub.alpha.example": "rsa"} {
		key, err := dkim.GenerateKey(algorithm, 2048)
		if err != nil {
			return nil
		}
		pem, err := dkim.MarshalPrivateKey(key)
		if err != nil {
			return nil
		}
		record, err := dkim.RecordFor(key.Public())
		if err != nil {
			return nil
		}
		out[name] = takeoverKey{string(pem), record}
	}
	return out
})

// takeOver starts both. conf has %[1]s for the directory, in which keys, KeyTable and SigningTable are.
func takeOver(t *testing.T, conf, signingTable string, files map[string]string) takeoverPair {
	t.Helper()
	dir := shortDir(t)
	keys := takeoverKeys()
	if keys == nil {
		t.Fatal("the keys could not be made")
	}
	zone := dns.Zone{}
	var data, keyTable strings.Builder
	for name, k := range keys {
		selector, domain, _ := strings.Cut(name, ".")
		n := selector + "._domainkey." + domain
		zone[n] = []string{"TXT " + k.record}
		fmt.Fprintf(&data, "%s %s\n", n, k.record)
		write(t, filepath.Join(dir, name), k.pem)
		fmt.Fprintf(&keyTable, "%s %s:%s:%s\n", name, domain, selector, filepath.Join(dir, name))
	}
	for name, of := range map[string]string{"a._domainkey.sub.alpha.example": "a.alpha.example", "a._domainkey.deep.alpha.example": "a.alpha.example", "b._domainkey.sub.alpha.example": "b.beta.example"} {
		zone[name] = []string{"TXT " + keys[of].record} // keys that sign by the domain of the author
		fmt.Fprintf(&data, "%s %s\n", name, keys[of].record)
	}
	keyTable.WriteString("any %:a:" + filepath.Join(dir, "a.alpha.example") + "\n")
	write(t, filepath.Join(dir, "dns"), data.String())
	write(t, filepath.Join(dir, "KeyTable"), keyTable.String())
	write(t, filepath.Join(dir, "SigningTable"), signingTable)
	for name, text := range files {
		write(t, filepath.Join(dir, name), strings.ReplaceAll(text, "%[1]s", dir))
	}
	whole := strings.ReplaceAll(conf, "%[1]s", dir) + "Socket local:" + dir + "/peer\nSyslog no\nBackground no\nRequireSafeKeys no\nAuthservID mx.here.example\nTestDNSData file:" + dir + "/dns\n"
	if !strings.Contains(conf, "InternalHosts") {
		whole += "InternalHosts 127.0.0.1,192.0.2.0/24,!192.0.2.9\n"
	}
	server := dnstest.New(t, dns.MustMemory(zone))
	pair := takeoverPair{theirs: peer(t, dir, "/usr/sbin/opendkim", whole), ours: "unix:" + dir + "/ours"}
	p := run(t, pair.ours, "milter", "--listen", pair.ours, "--import-opendkim", filepath.Join(dir, "opendkim.conf"), "--resolver", server.Addr())
	pair.log = p.log.String
	return pair
}

const tables = "KeyTable refile:%[1]s/KeyTable\nSigningTable refile:%[1]s/SigningTable\n"

// short gives signatures as "selector.domain", sorted.
func short(list []string) string {
	var out []string
	for _, s := range list {
		d, sel, _ := strings.Cut(strings.TrimPrefix(s, "d="), " s=")
		sel, _, _ = strings.Cut(sel, " ")
		out = append(out, sel+"."+d)
	}
	return strings.Join(out, " ")
}

// sameSignatures gives both the message, compares what they sign, and has each verify what the other signed. What is known to differ is held to be so.
func (p takeoverPair) sameSignatures(t *testing.T, what, raw string, macros []string, rcpts ...string) {
	t.Helper()
	what = strings.ReplaceAll(what, "\r\n", ", ")
	known, page := signedOtherwise[what], fromOpenDKIM(t)
	if row := "| " + what + " | " + known + " |"; known != "" && !strings.Contains(page, row) {
		t.Errorf("docs/from-opendkim.md lacks %s", row)
	}
	m := posted{"192.0.2.5", "client.example", "bounce@x.example", raw}
	a, b := tellAs(t, p.theirs, m, macros, rcpts...), tellAs(t, p.ours, m, macros, rcpts...)
	want, got := signatures(t, a.raw), signatures(t, b.raw)
	if difference := fmt.Sprintf("OpenDKIM %s, Todoku %s", short(want), short(got)); known != "" && difference != known {
		t.Errorf("%s: %s; it is known as %s", what, difference, known)
	} else if known == "" && !slices.Equal(got, want) {
		t.Errorf("%s: %s\nOpenDKIM %s\nTodoku   %s", what, difference, strings.Join(want, "\n         "), strings.Join(got, "\n         "))
	}
	for by, pair := range map[string]struct {
		socket, raw string
		n           int
	}{"OpenDKIM of ours": {p.theirs, b.raw, len(got)}, "Todoku of theirs": {p.ours, a.raw, len(want)}} {
		if pair.n == 0 || strings.Contains(pair.raw, "; l=") {
			continue
		}
		v := tell(t, pair.socket, posted{"192.0.2.9", "client.example", "bounce@x.example", pair.raw})
		ar, _ := message.Parse([]byte(v.raw)).First("Authentication-Results")
		if text := ar.Unfolded(); strings.Count(text, "dkim=pass") != pair.n {
			t.Errorf("%s: %s: %s", what, by, text)
		}
	}
	if strings.Contains(b.raw, "; l=") || strings.Contains(b.raw, "; z=") {
		t.Errorf("%s: %s", what, b.raw)
	}
}

// TestTakeOverCanonicalization: all combinations, over header and body of every odd kind.
func TestTakeOverCanonicalization(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	for _, c := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"} {
		t.Run(c, func(t *testing.T) {
			p := takeOver(t, tables+"Canonicalization "+c+"\nOversignHeaders From,Subject\n", "*@alpha.example a.alpha.example\n", nil)
			for i := range 14 {
				p.sameSignatures(t, strconv.Itoa(i), likeness("a@alpha.example", i), nil, "you@here.example")
			}
		})
	}
}

// TestTakeOverAuthors: whose key signs, by tables, wildcards, From of every form.
func TestTakeOverAuthors(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	for name, c := range map[string]struct {
		conf, table string
		authors     []string
	}{
		"refile": {tables + "Canonicalization relaxed/simple\n", "ceo@alpha.example s.sub.alpha.example\n*-news@*alpha.example a.alpha.example\n*@*.beta.example b.beta.example\n*@alpha.example a.alpha.example\n", []string{
			"x@alpha.example", "weekly-news@alpha.example", "weekly-news@deep.alpha.example", "x@deep.beta.example", "x@beta.example", "X@ALPHA.example", "x@alpha.example.", "nobody@elsewhere.example",
			"\"quoted local\"@alpha.example", "\"Comma, Name\" <x@alpha.example>", "=?utf-8?q?=E5=B1=8A?= <x@alpha.example>", "Group: x@alpha.example;", "a@alpha.example, b@beta.example", "b@sub.beta.example, x@alpha.example", "(comment) x@alpha.example (more)", "<x@alpha.example>", "x@[192.0.2.1]", "not an address",
		}},
		"file": {strings.ReplaceAll(tables, "SigningTable refile", "SigningTable file"), "x@alpha.example a.alpha.example\nbeta.example b.beta.example\n.alpha.example s.sub.alpha.example\npost@* e.eddy.example\n", []string{
			"x@alpha.example", "y@alpha.example", "y@sub.alpha.example", "y@deep.sub.alpha.example", "y@beta.example", "y@sub.beta.example", "post@beta.example", "post@eddy.example",
		}},
		"KeyTable with %":         {tables, "*@alpha.example any\n*@beta.example b.beta.example\n", []string{"x@alpha.example", "x@beta.example", "x@sub.alpha.example"}},
		"key file by the domain":  {strings.ReplaceAll(tables, "KeyTable refile:%[1]s/KeyTable", "KeyTable csl:any=%:a:%[1]s/a.%"), "*@* any\n", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"all domains":             {"Domain *\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\n", "", []string{"x@alpha.example"}},
		"= in addresses":          {tables, "bounce=*@alpha.example a.alpha.example\n*=*@beta.example b.beta.example\n", []string{"bounce=you=here@alpha.example", "x=y@beta.example", "x@beta.example"}},
		"identities":              {tables, "*@alpha.example a.alpha.example:%\n*@beta.example b.beta.example:news@beta.example\n", []string{"x@alpha.example", "x@beta.example"}},
		"subdomains of csl":       {"Domain csl:alpha.example,beta.example\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\n", "", []string{"x@alpha.example", "x@sub.alpha.example", "x@a.b.sub.alpha.example", "x@notalpha.example"}},
		"several":                 {tables + "MultipleSignatures yes\n", "*@alpha.example a.alpha.example\n*@*alpha.example a.alpha.example\n*@sub.alpha.example s.sub.alpha.example\n*@*.alpha.example a.alpha.example\n", []string{"x@alpha.example", "x@sub.alpha.example", "x@deep.alpha.example"}},
		"SenderHeaders":           {tables + "SenderHeaders Sender,From\n", "*@alpha.example a.alpha.example\n*@beta.example b.beta.example\n", []string{"x@alpha.example\r\nSender: y@beta.example", "x@alpha.example\r\nSender: y@alpha.example"}},
		"no l= whatever is asked": {tables + "BodyLengthDB csl:you@here.example\n", "*@alpha.example a.alpha.example\n", []string{"x@alpha.example"}},
		"MaximumSignedBytes":      {tables + "MaximumSignedBytes 3\n", "*@alpha.example a.alpha.example\n", []string{"x@alpha.example"}},
		"z= and r=":               {tables + "Diagnostics yes\nRequestReports yes\n", "*@alpha.example a.alpha.example\n", []string{"x@alpha.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := takeOver(t, c.conf, c.table, nil)
			for i, author := range c.authors {
				p.sameSignatures(t, name+": "+author, likeness(author, i*5), nil, "you@here.example")
			}
		})
	}
}

// TestTakeOverChoice: what decides whether mail is signed or checked.
func TestTakeOverChoice(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	table := "*@alpha.example a.alpha.example\n*@beta.example b.beta.example\n"
	for name, c := range map[string]struct {
		conf    string
		rcpts   [][]string
		authors []string
		macros  [][]string
		files   map[string]string
	}{
		"DontSignMailTo": {conf: "DontSignMailTo csl:robot@there.example,list.example,.sub.example\n", rcpts: [][]string{
			{"you@here.example"}, {"robot@there.example"}, {"Robot@There.Example"}, {"you@here.example", "robot@there.example"}, {"x@list.example"}, {"x@deep.sub.example"}, {"x@sub.example"},
		}},
		"ExemptDomains":       {conf: "ExemptDomains csl:beta.example,.alpha.example\n", authors: []string{"x@alpha.example", "x@beta.example", "x@sub.beta.example", "x@BETA.example"}},
		"MacroList in a file": {conf: "InternalHosts 127.0.0.1\nMacroList file:%[1]s/macros\n", files: map[string]string{"macros": "auth_type PLAIN|LOGIN\ncert_subject\n"}, macros: [][]string{nil, {"{auth_type}", "PLAIN"}, {"{auth_type}", "LOGIN"}, {"{auth_type}", "CRAM-MD5"}, {"{cert_subject}", "anything"}}},
		"MacroList":           {conf: "InternalHosts 127.0.0.1\nMacroList csl:auth_type=PLAIN|LOGIN,cert_subject\n", macros: [][]string{nil, {"{auth_type}", "PLAIN"}, {"{auth_type}", "LOGIN"}, {"{auth_type}", "plain"}, {"{auth_type}", "CRAM-MD5"}, {"{cert_subject}", "anything"}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := takeOver(t, tables+"Canonicalization relaxed/relaxed\n"+c.conf, table, c.files)
			for _, rcpts := range c.rcpts {
				p.sameSignatures(t, name+": "+strings.Join(rcpts, " "), likeness("x@alpha.example", 0), nil, rcpts...)
			}
			for _, a := range c.authors {
				p.sameSignatures(t, name+": "+a, likeness(a, 0), nil, "you@here.example")
			}
			for _, m := range c.macros {
				p.sameSignatures(t, name+": "+strings.Join(m, " "), likeness("x@alpha.example", 0), m, "you@here.example")
			}
		})
	}
}

func fromOpenDKIM(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/from-opendkim.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

var dkimWord = regexp.MustCompile(`dkim=([a-z]+)`)

// TestTakeOverDemands: what is demanded of the signatures of others counts for both.
func TestTakeOverDemands(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	for name, c := range map[string]struct {
		conf, fields string
		bits         int
		life         time.Duration
		pass         bool
	}{
		"nothing":                       {"", "from:subject", 2048, 0, true},
		"MustBeSigned, signed":          {"MustBeSigned Subject\n", "from:subject", 2048, 0, true},
		"MustBeSigned, not signed":      {"MustBeSigned Subject\n", "from:to", 2048, 0, false},
		"MustBeSigned, not there":       {"MustBeSigned Reply-To\n", "from:subject", 2048, 0, true},
		"MinimumKeyBits, large enough":  {"MinimumKeyBits 2048\n", "from:subject", 2048, 0, true},
		"MinimumKeyBits, too small":     {"MinimumKeyBits 2048\n", "from:subject", 1024, 0, false},
		"MinimumKeyBits 1024":           {"MinimumKeyBits 1024\n", "from:subject", 1024, 0, true},
		"expired beyond any ClockDrift": {"ClockDrift 300\n", "from:subject", 2048, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := shortDir(t)
			key, err := dkim.GenerateKey("rsa", c.bits)
			if err != nil {
				t.Fatal(err)
			}
			record, err := dkim.RecordFor(key.Public())
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, "dns"), "k._domainkey.alpha.example "+record+"\n")
			server := dnstest.New(t, dns.MustMemory(dns.Zone{"k._domainkey.alpha.example": {"TXT " + record}}))
			conf := c.conf + "Mode v\nSocket local:" + dir + "/peer\nSyslog no\nBackground no\nAuthservID mx.here.example\nAlwaysAddARHeader yes\nTestDNSData file:" + dir + "/dns\n"
			theirs, ours := peer(t, dir, "/usr/sbin/opendkim", conf), "unix:"+dir+"/ours"
			run(t, ours, "milter", "--listen", ours, "--import-opendkim", filepath.Join(dir, "opendkim.conf"), "--resolver", server.Addr())
			raw := likeness("x@alpha.example", 0)
			o := dkim.SignOptions{Domain: "alpha.example", Selector: "k", Key: key, Headers: strings.Split(c.fields, ":"), Header: dkim.Relaxed, Body: dkim.Relaxed, Timestamp: time.Now()}
			if c.life != 0 {
				o.Timestamp = time.Now().Add(-3 * c.life)
				o.Expires = o.Timestamp.Add(c.life)
			}
			field, err := dkim.Sign(strings.NewReader(raw), o)
			if err != nil {
				t.Fatal(err)
			}
			for who, socket := range map[string]string{"OpenDKIM": theirs, "Todoku": ours} {
				v := tell(t, socket, posted{"192.0.2.9", "client.example", "bounce@x.example", string(field) + raw})
				ar, _ := message.Parse([]byte(v.raw)).First("Authentication-Results")
				if m := dkimWord.FindStringSubmatch(ar.Unfolded()); m == nil || (m[1] == "pass") != c.pass {
					t.Errorf("%s: %s", who, ar.Unfolded())
				}
			}
		})
	}
}
