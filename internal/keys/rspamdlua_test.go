package keys

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestReadRspamd_Lua: the keys that are found are those with which rspamd's own Lua signs.
func TestReadRspamd_Lua(t *testing.T) {
	rspamadm, err := exec.LookPath("rspamadm")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("rspamadm is not installed")
		}
		t.Skip("rspamadm is not installed")
	}
	pem := testPEM(t)
	files := tree{"/k/a.key": pem, "/k/b.key": pem}
	domains := []string{"one.example", "two.example", "three.example", "other.example"}
	for _, d := range domains {
		files["/var/lib/rspamd/dkim/"+d+".dkim.key"], files["/var/lib/rspamd/dkim/"+d+".mapped.key"] = pem, pem
	}
	for _, conf := range []string{
		"domain { one.example { selector = new; path = /k/a.key } }",
		"domain { one.example { selector = plain; path = /k/a.key; selectors [ { selector = s1; path = /k/b.key }, { selector = s2; path = /k/a.key } ] } }",
		"domain { one.example { selector = new } }; path = '/k/a.key'; try_fallback = no",
		"path_map { one.example = /k/b.key }; selector_map { one.example = mapped; two.example = mapped }; domain { one.example { selector = new; path = /k/a.key } }",
		"path_map { two.example = /k/b.key; three.example = /k/b.key }; selector_map { one.example = s1; two.example = s2 }; domain { one.example { path = /k/a.key }, two.example { selectors [ { selector = own }, { path = /k/a.key } ] }, three.example { } }",
		"try_fallback = false; selector_map { two.example = mapped }; domain { one.example { }, three.example { path = /k/a.key } }",
		"path = '/var/lib/rspamd/dkim/${domain}.${selector}.key'",
	} {
		conf = "use_esld = false; " + conf
		cmd := exec.Command(rspamadm, "lua", "-b", "testdata/rspamd.lua")
		cmd.Env = append(os.Environ(), "CONFIGURATION="+conf, "DOMAINS="+strings.Join(domains, " "))
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var want, got []string
		for line := range strings.Lines(string(text)) {
			if key, ok := strings.CutPrefix(strings.TrimSpace(line), "KEY "); ok {
				want = append(want, key)
			}
		}
		f, err := ReadRspamd([]byte(conf), Files{files.read, files.glob})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range f.Keys {
			got = append(got, k.Domain+" "+k.Selector+" "+k.File)
		}
		slices.Sort(want)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s\nrspamd\n%s\nTodoku\n%s\n%s%s", conf, strings.Join(want, "\n"), strings.Join(got, "\n"), english(f.Notes), text)
		}
	}
}
