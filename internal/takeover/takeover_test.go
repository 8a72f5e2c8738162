package takeover

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/internal/filter"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/said"
)

type tree map[string]string

func (f tree) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
	}
	return []byte(text), nil
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

// fate gives what became of a setting.
func (r *Report) fate(t *testing.T, name string) Fate {
	t.Helper()
	for _, l := range r.Lines {
		if l.Name == name {
			return l.Fate
		}
	}
	t.Fatalf("%s is not in the report: %+v", name, r.Lines)
	return 0
}

// TestNothingIsDropped: every setting that a configuration holds is in the report, once, whatever it is.
func TestNothingIsDropped(t *testing.T) {
	for program, c := range map[string]struct {
		rules []rule
		take  func([]byte, Files, string, *filter.Settings, *Report) error
	}{"OpenDKIM": {openDKIM, OpenDKIM}, "OpenDMARC": {openDMARC, OpenDMARC}} {
		var conf strings.Builder
		want := []string{"X-Unheard-Of"}
		for _, r := range c.rules {
			if r.name != "Include" && !slices.Contains([]string{"KeyTable", "SigningTable", "Domain", "Selector", "KeyFile", "BaseDirectory"}, r.name) {
				fmt.Fprintf(&conf, "%s\t nonsense, value # comment\n", r.name)
				want = append(want, r.name)
			}
		}
		conf.WriteString("X-Unheard-Of yes\nX-Unheard-Of yes\n")
		var s filter.Settings
		var r Report
		if err := c.take([]byte(conf.String()), Files{Read: tree{}.read}, "mx.example", &s, &r); err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		var got []string
		for _, l := range r.Lines {
			got = append(got, l.Name)
			if l.Program != program || l.Value == "" {
				t.Errorf("%+v", l)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v\nwant %v", program, got, want)
		}
		if r.fate(t, "X-Unheard-Of") != Unknown || program == "OpenDKIM" && r.fate(t, "FinalPolicyScript") != NotDone || program == "OpenDMARC" && r.fate(t, "HistoryFile") != NotDone {
			t.Errorf("%s: %+v", program, r.Lines)
		}
	}
}

// TestNoSecretIsShown: what is a secret in a value is in no line.
func TestNoSecretIsShown(t *testing.T) {
	conf := "LDAPBindPassword hunter2\nBind-Password hunter2\nInternalHosts dsn:mysql://u:hunter2@db/x\nSMTPURI smtp://u:hunter2@mx\nKeyTable csl:a=hunter2\nPidFile /run/x\n"
	var r Report
	if err := OpenDKIM([]byte("Mode v\n"+conf), Files{Read: tree{}.read}, "", &filter.Settings{}, &r); err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Lines {
		if strings.Contains(l.Value, "hunter2") {
			t.Errorf("%+v", l)
		}
	}
	if len(r.Lines) != 7 || strings.Contains(english(r.Notes), "hunter2") || shown("KeyTable", "refile:/k") != "refile:/k" || shown("PidFile", "/run/x") != "/run/x" {
		t.Errorf("%+v", r)
	}
}

// TestFieldNames: what is no name of a field is left out of signatures, and said: with it there would be none.
func TestFieldNames(t *testing.T) {
	for setting, left := range map[string][]string{"OversignHeaders": {"From"}, "SignHeaders": nil, "OmitHeaders": nil} {
		var s filter.Settings
		var r Report
		conf := "Domain a.example\nSelector s\nKeyFile /key\n" + setting + " From,To Subject\n"
		if err := OpenDKIM([]byte(conf), Files{Read: tree{"/key": testPEM(t)}.read}, "", &s, &r); err != nil {
			t.Fatal(err)
		}
		if notes := english(r.Notes); !strings.Contains(strings.ToLower(notes), strings.ToLower(setting+`: "To Subject" is no name of a field`)) || !slices.Equal(s.Fields.Oversign, left) {
			t.Errorf("%s: %q, %q", setting, notes, s.Fields.Oversign)
		}
	}
}

// TestAlwaysAddARHeader: switched off it is not taken over, for checked mail always gets a field.
func TestAlwaysAddARHeader(t *testing.T) {
	for value, want := range map[string]Fate{"yes": Done, "no": Otherwise} {
		var r Report
		if err := OpenDKIM([]byte("Mode v\nAlwaysAddARHeader "+value+"\n"), Files{Read: tree{}.read}, "", &filter.Settings{}, &r); err != nil {
			t.Fatal(err)
		}
		if got := r.fate(t, "AlwaysAddARHeader"); got != want {
			t.Errorf("%s: %v", value, got)
		}
	}
}

// TestKeyDenied: keys that the milter may not read are no domains without a key, whose mail goes unsigned. One that is gone is noted.
func TestKeyDenied(t *testing.T) {
	files := tree{"/KeyTable": "a a.example:s:/a\nb b.example:s:/b\n", "/SigningTable": "*@a.example a\n*@b.example b\n", "/b": testPEM(t)}
	for reason, wrong := range map[error]bool{fs.ErrPermission: true, fs.ErrNotExist: false} {
		read := func(name string) ([]byte, error) {
			if name == "/a" {
				return nil, &fs.PathError{Op: "open", Path: name, Err: reason}
			}
			return files.read(name)
		}
		var s filter.Settings
		var r Report
		err := OpenDKIM([]byte("KeyTable refile:/KeyTable\nSigningTable refile:/SigningTable\n"), Files{Read: read}, "", &s, &r)
		if denied := (*fs.PathError)(nil); errors.As(err, &denied) != wrong || err != nil && !strings.Contains(said.Japanese(err), "設定 KeyTable: /a") {
			t.Errorf("%v: %v", reason, err)
		}
		if notes := english(r.Notes); !wrong && !strings.Contains(notes, "the key of a.example, selector s") {
			t.Errorf("%v: %s", reason, notes)
		}
	}
}

// TestIncludesEnd: files that include each other many times are read no more than a bounded number of times.
func TestIncludesEnd(t *testing.T) {
	files, reads := tree{"/5": ""}, 0
	for i := range 5 {
		files[fmt.Sprintf("/%d", i)] = strings.Repeat(fmt.Sprintf("Include /%d\n", i+1), 100)
	}
	read := func(name string) ([]byte, error) { reads++; return files.read(name) }
	err := OpenDKIM([]byte("Include /1\n"), Files{Read: read}, "", &filter.Settings{}, &Report{})
	if err == nil || !strings.Contains(err.Error(), "more than") || reads > maxLines {
		t.Errorf("%d reads, %v", reads, err)
	}
}

func TestOpenDKIMSettings(t *testing.T) {
	files := tree{
		"/b/key": testPEM(t), "/b/KeyTable": "k a.example:s:/b/key\n", "/b/SigningTable": "*@a.example k\n*@other.example k\nu@* k:u@%\n",
		"/b/more": "SignatureTTL 3600\nInclude /b/most\n", "/b/most": "On-DNSError accept\nDNSTimeout 7\n", "/b/hosts": "192.0.2.0/24\n!192.0.2.7\nmail.a.example\n.b.example\n!bad.b.example\n198.51.*\nlocalhost\n192.0.2.99/29\n*.c.example\nmail*.example\n2001:DB8::/32\n",
	}
	conf := "BaseDirectory /b\nMode s\nKeyTable refile:KeyTable\nSigningTable refile:SigningTable\nCanonicalization Relaxed\nAuthservID HOSTNAME\nRemoveARFrom old.a.example,.a.example\n" +
		"InternalHosts refile:hosts\nPeerList 198.51.100.1\nMTA submission,smtps\nSignHeaders *,+X-A,-Cc\nOmitHeaders .\nOversignHeaders From, To\nSignatureAlgorithm rsa-sha1\nMinimumKeyBits 512\nInclude more\nSocket inet:8891\n"
	var s filter.Settings
	var r Report
	if err := OpenDKIM([]byte(conf), Files{Read: files.read}, "mx.a.example", &s, &r); err == nil {
		t.Error("the included file is not below the directory, yet it was read")
	}
	conf = strings.Replace(conf, "Include more", "Include /b/more", 1)
	s, r = filter.Settings{}, Report{}
	if err := OpenDKIM([]byte(conf), Files{Read: files.read}, "mx.a.example", &s, &r); err != nil {
		t.Fatal(err)
	}
	if s.Header != dkim.Relaxed || s.Body != dkim.Simple || s.AuthServID != "mx.a.example" || s.Expires != time.Hour || s.Timeout != 7*time.Second || r.Listen != "inet:8891@0.0.0.0" ||
		!s.Untouched.Incoming || s.Untouched.Outgoing || !slices.Equal(s.Daemons, []string{"submission", "smtps"}) || !slices.Equal(s.AlsoOurs, []string{"old.a.example"}) ||
		s.Policy.Default[filter.Temporary] != filter.Accept || !slices.Equal(s.Fields.Oversign, []string{"From", "To"}) || !slices.Contains(s.Fields.Sign, "x-a") || slices.Contains(s.Fields.Sign, "cc") {
		t.Errorf("%+v\n%+v", s, r)
	}
	c := filter.Clients{Networks: s.Trusted, Names: s.TrustedNames}
	for addr, want := range map[string]bool{"192.0.2.1": true, "192.0.2.7": false, "192.0.2.6": true, "192.0.2.255": true, "127.0.0.9": true, "::1": true, "2001:db8::1": true, "198.51.100.1": true, "198.52.100.1": false} {
		if got := c.Has(milter.Peer{Addr: netip.MustParseAddr(addr)}); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	for name, want := range map[string]bool{"MAIL.a.example.": true, "x.mail.a.example": false, "x.b.example": true, "bad.b.example": false, "x.bad.b.example": true, "x.c.example": false, "unknown": false, "[192.0.2.9]": false, "": false} {
		if got := c.Has(milter.Peer{Hostname: name}); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	for author, want := range map[string]int{"a.example": 1, "other.example": 1, "sub.a.example": 0} {
		if got, err := s.Signers.For("x", author); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v", author, got, err)
		}
	}
	notes := english(r.Notes)
	for _, want := range []string{"192.0.2.99/29 never fits an address there: write 192.0.2.96/29", "*.c.example never fits a host there: write .c.example", "mail*.example is not taken over", ".a.example: name the hosts", "does not align", "asks for i="} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note says %q:\n%s", want, notes)
		}
	}
	if r.fate(t, "SignatureAlgorithm") != Otherwise || r.fate(t, "MinimumKeyBits") != Otherwise {
		t.Errorf("%+v", r.Lines)
	}
	for _, bad := range []string{"Include /none\n", "Include /self\n", strings.Repeat("Syslog yes\n", maxLines+1), "KeyTable /none\nSigningTable /none\n", "Domain x\n"} {
		if err := OpenDKIM([]byte(bad), Files{Read: tree{"/self": "Include /self\n"}.read}, "", &filter.Settings{}, &Report{}); err == nil {
			t.Errorf("%.40q: no error", bad)
		}
	}
}

func TestOpenDMARCSettings(t *testing.T) {
	files := tree{"/ignore": "198.51.100.0/24\nname.example\n", "/seals": "google.com\n# no\nexample.org\n"}
	s := filter.Settings{AuthServID: "mx.a.example"}
	var r Report
	conf := "AuthservID HOSTNAME\nRejectFailures true\nHoldQuarantinedMessages yes\nRequiredHeaders 1\nRejectMultiValueFrom no\nIgnoreHosts /ignore\nIgnoreMailFrom friend.example,b.example\nDomainWhitelistFile /seals\nDomainWhitelist a.example\nSPFSelfValidate false\n" +
		"HistoryFile /var/run/x\nFailureReports false\nSocket local:/run/x\n"
	r.Listen = "inet:1@127.0.0.1"
	if err := OpenDMARC([]byte(conf), Files{Read: files.read}, "mx2.a.example", &s, &r); err != nil {
		t.Fatal(err)
	}
	p := s.Policy
	if s.AuthServID != "mx.a.example" || !slices.Equal(s.AlsoOurs, []string{"mx2.a.example"}) || p.Default[filter.DMARCReject] != filter.Reject || p.Default[filter.DMARCQuarantine] != filter.Hold ||
		p.Default[filter.Ambiguous] != filter.Reject || p.Default[filter.Temporary] != filter.Defer || !slices.Equal(p.Forwarders, []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}) ||
		!slices.Equal(p.Sealers, []string{"a.example", "google.com", "example.org"}) || len(p.Rules) != 1 || !slices.Equal(p.Rules[0].From, []string{"friend.example", "b.example"}) {
		t.Errorf("%+v\n%+v", s, p)
	}
	for name, want := range map[string]Fate{"HistoryFile": NotDone, "FailureReports": Done, "SPFSelfValidate": Otherwise, "Socket": Otherwise, "AuthservID": Otherwise} {
		if got := r.fate(t, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if !strings.Contains(english(r.Notes), "name.example") {
		t.Error(r.Notes)
	}
	s, r = filter.Settings{}, Report{}
	if err := OpenDMARC([]byte("Syslog true\n"), Files{Read: files.read}, "", &s, &r); err != nil || s.Policy.Default[filter.DMARCReject] != filter.Accept {
		t.Errorf("%v %+v", err, s.Policy)
	}
}

// The words of docs/from-opendkim.md.
var fateWords = map[Fate]string{Done: "done", Otherwise: "otherwise", Needless: "not needed", NotDone: "not done"}

// settingsTable writes what becomes of every setting, as it stands in the page.
func settingsTable(rules []rule) string {
	var b strings.Builder
	var order []string
	names := map[string][]string{}
	b.WriteString("| settings | |\n|---|---|\n")
	for _, r := range rules {
		what := fateWords[r.fate]
		if r.apply != nil {
			what = "done as far as the value allows; the report at the start says how"
		} else if r.why.EN != "" {
			what += ": " + r.why.EN
		}
		if names[what] == nil {
			order = append(order, what)
		}
		names[what] = append(names[what], "`"+r.name+"`")
	}
	for _, what := range order {
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(names[what], ", "), what)
	}
	return b.String()
}

// TestPageOfSettings: docs/from-opendkim.md says of every setting what the program does.
func TestPageOfSettings(t *testing.T) {
	page, err := os.ReadFile("../../docs/from-opendkim.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, rules := range [][]rule{openDKIM, openDMARC} {
		if want := settingsTable(rules); !strings.Contains(string(page), want) {
			t.Errorf("docs/from-opendkim.md lacks this table:\n%s", want)
		}
	}
}

func FuzzTakeOver(f *testing.F) {
	f.Add("Mode sv\nInternalHosts 192.0.2.0/24,!192.0.2.1\nSignHeaders *,+x\nCanonicalization a/b\n", "RejectFailures yes\nIgnoreHosts /x\n", "!::/0\n::1\n")
	f.Add("Include /x\nPeerList /x\n", "Include /x", "0.0.0.0/0\n!10.0.0.0/8\n10.1.0.0/16\n")
	f.Fuzz(func(t *testing.T, a, b, list string) {
		var s filter.Settings
		var r Report
		files := tree{"/x": list}
		errA, errB := OpenDKIM([]byte(a), Files{Read: files.read}, "h.example", &s, &r), OpenDMARC([]byte(b), Files{Read: files.read}, "h.example", &s, &r)
		if errA == nil && errB == nil && s.Policy == nil {
			t.Fatal("no policy")
		}
		for _, p := range s.Trusted {
			if !p.IsValid() {
				t.Fatalf("%v", s.Trusted)
			}
		}
	})
}

func english(notes []said.Text) string {
	var b strings.Builder
	for _, n := range notes {
		b.WriteString(n.EN + "\n")
	}
	return b.String()
}

// japanese reports a text with no kana in it, or with English words beside those that are names.
var (
	kana      = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}]`)
	anglicism = regexp.MustCompile(`\b(the|is|are|not|of|and|with|there|which|mail|key|field)\b`)
)

// TestReasonsInBothLanguages: every setting that is not simply taken over says why and what to do, in both languages.
func TestReasonsInBothLanguages(t *testing.T) {
	check := func(what string, text said.Text) {
		t.Helper()
		if text.EN == "" || text.JA == "" || !kana.MatchString(text.JA) || anglicism.MatchString(text.JA) {
			t.Errorf("%s: %q, %q", what, text.EN, text.JA)
		}
	}
	values := []string{"yes", "no", "0", "7", "4096", "99999", "nonsense", "reject", "accept", "tempfail", "rsa-sha1", "sv", "sx", "HOSTNAME", "inet:1", "a/b", "/none", "dsn:x", "From", "90%"}
	for program, c := range map[string]struct {
		rules []rule
		take  func([]byte, Files, string, *filter.Settings, *Report) error
	}{"OpenDKIM": {openDKIM, OpenDKIM}, "OpenDMARC": {openDMARC, OpenDMARC}} {
		for _, rule := range c.rules {
			if rule.apply == nil && rule.fate != Done {
				check(rule.name, rule.why)
			}
			for _, v := range values {
				var r Report
				r.Listen = "inet:2@127.0.0.1"
				if err := c.take([]byte(rule.name+" "+v+"\nOdd x\n"), Files{Read: tree{}.read}, "", &filter.Settings{AuthServID: "other.example"}, &r); err != nil {
					if ja := said.Japanese(err); !kana.MatchString(ja) || anglicism.MatchString(ja) {
						t.Errorf("%s %s: %q", rule.name, v, ja)
					}
					continue
				}
				for _, l := range r.Lines {
					if l.Why.EN != "" || l.Fate == Otherwise || l.Fate == NotDone || l.Fate == Unknown {
						check(program+" "+l.Name+" "+v, l.Why)
					}
				}
				for _, n := range r.Notes {
					check(program+" "+rule.name+" "+v, n)
				}
			}
		}
	}
}

// TestManuals: the lists are those of the manuals, no more and no less.
func TestManuals(t *testing.T) {
	for name, rules := range map[string][]rule{"opendkim.conf": openDKIM, "opendmarc.conf": openDMARC} {
		file := "/usr/share/man/man5/" + name + ".5.gz"
		f, err := os.Open(file)
		if err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s: %v", file, err)
			}
			t.Skipf("%s: %s is not installed", t.Name(), file)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		// ".I Name (type)" at the head of a paragraph.
		var manual, ours []string
		for _, m := range regexp.MustCompile(`(?m)^\.TP *\n\.I ([A-Za-z][A-Za-z0-9-]*) \(([a-zA-Z ]+)\)`).FindAllStringSubmatch(string(text), -1) {
			manual = append(manual, m[1])
		}
		for _, r := range rules {
			ours = append(ours, r.name)
		}
		slices.Sort(manual)
		slices.Sort(ours)
		if !slices.Equal(manual, ours) {
			t.Errorf("%s\nonly in the manual: %v\nonly here: %v\ntwice: %v", name, missing(manual, ours), missing(ours, manual), len(ours) != len(slices.Compact(slices.Clone(ours))))
		}
	}
}

func missing(of, in []string) (out []string) {
	for _, s := range of {
		if !slices.Contains(in, s) {
			out = append(out, s)
		}
	}
	return out
}

// TestNewSettings: what the filter is given.
func TestNewSettings(t *testing.T) {
	files := tree{"/macros": "auth_authen\n{cert_subject} a|b c\n{cert_subject} d\n", "/dont": "<Robot@There.Example>\nlist.example\n"}
	var s filter.Settings
	var r Report
	conf := "DontSignMailTo refile:/dont\nExemptDomains csl:A.example, b.example\nMacroList file:/macros\nMustBeSigned Subject,To\nMinimumKeyBits 2048\nSenderHeaders Sender,From\nRequiredHeaders yes\nMinimum 90%\nQuarantine yes\n"
	if err := OpenDKIM([]byte(conf), Files{Read: files.read}, "mx.a.example", &s, &r); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.DontSignTo, []string{"robot@there.example"}) || !slices.Equal(s.Untouched.Authors, []string{"a.example", "b.example"}) || s.MinimumKeyBits != 2048 ||
		!slices.Equal(s.MustBeSigned, []string{"subject", "to"}) || len(s.Macros) != 2 || s.Macros["auth_authen"] != nil || !slices.Equal(s.Macros["cert_subject"], []string{"a", "b c", "d"}) || s.Policy.Default[filter.Ambiguous] != filter.Reject {
		t.Errorf("%+v", s)
	}
	for name, want := range map[string]Fate{"DontSignMailTo": Done, "ExemptDomains": Otherwise, "MacroList": Otherwise, "MinimumKeyBits": Done, "MustBeSigned": Done, "SenderHeaders": Otherwise, "RequiredHeaders": Otherwise, "Quarantine": NotDone} {
		if got := r.fate(t, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
