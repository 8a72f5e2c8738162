package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	japaneseText = regexp.MustCompile(`[\p{Hiragana}\p{Katakana}]`)
	englishWords = regexp.MustCompile(`\b(the|is|are|not|of|with|there|which|Taken|Done|taken)\b`)
)

// TestTakeoverReportInJapanese: no line of the report of what was taken over is in English, and none that says why is without Japanese.
func TestTakeoverReportInJapanese(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := "k a.example:s:" + filepath.Join(dir, "none.pem") + "\nbroken\n"
	dkimConf := file("opendkim.conf", "KeyTable refile:"+file("KeyTable", key)+"\nSigningTable refile:"+file("SigningTable", "*@a.example k\nnobody k\n*@b.example other\n")+
		"\nAuthservID mx.example\nSocket inet:8891@127.0.0.1\nMacroList csl:a=b\nExemptDomains csl:x.example\nBodyLengthDB csl:y@x.example\nFinalPolicyScript /x.lua\nVBR-Type x\nOdd x\n"+
		"InternalHosts csl:!bad.example\nDontSignMailTo csl:x.example\nLDAPTimeout 5\nSendReports yes\nPeerList dsn:mysql://u:p@h/x\nOmitHeaders /nowhere\n")
	dmarcConf := file("opendmarc.conf", "AuthservID other.example\nHistoryFile /x\nRejectFailures yes\nIgnoreHosts "+file("hosts", "name.example\n")+"\nFailureReports yes\nSPFSelfValidate no\n")
	var out bytes.Buffer
	a := &app{IO: IO{Err: &out, Getenv: func(string) string { return "" }}}
	a.lang = "ja"
	_, report, err := (&takeoverFlags{opendkim: dkimConf, opendmarc: dmarcConf}).settings(a)
	if err != nil {
		t.Fatal(err)
	}
	a.showTakeover(report)
	if n := strings.Count(out.String(), "\n"); n < 20 {
		t.Errorf("%d lines", n)
	}
	for line := range strings.Lines(out.String()) {
		if !japaneseText.MatchString(line) || englishWords.MatchString(line) {
			t.Error(line)
		}
	}
	for _, f := range []takeoverFlags{{opendkim: file("bad.conf", "Include "+dir+"/none\n")}, {opendkim: file("twice.conf", "Domain x\n")}} {
		if _, _, err := f.settings(a); err == nil || !japaneseText.MatchString(err.Error()) || englishWords.MatchString(err.Error()) {
			t.Errorf("%v", err)
		}
	}
}
