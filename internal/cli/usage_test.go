package cli

import (
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

// TestWrongUsage: whoever mistypes is told what is meant, in their language.
func TestWrongUsage(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"verfy x.eml", `there is no command "verfy"; did you mean todoku verify?`, 2},
		{"--lang ja verfy x.eml", "コマンド「verfy」はありません。todoku verify ではありませんか?", 2},
		{"dkim sgn", `there is no command "dkim sgn"; did you mean todoku dkim sign?`, 2},
		{"help dkim sgn", `did you mean todoku dkim sign?`, 2},
		{"frobnicate", "there is no command \"frobnicate\"\n", 2},
		{"verify --ipp 1", "there is no flag --ipp\n", 2},
		{"--lang ja verify --ipp 1", "フラグ --ipp はありません", 2},
		{"verify -q", "there is no flag -q\n", 2},
		{"verify --ip", "--ip needs a value", 2},
		{"verify --timeout soon x", "--timeout soon: write it as 20s", 2},
		{"verify --jobs many x", "--jobs many: write a whole number", 2},
		{"serve --retention ever", "--retention ever: write it as 30d", 2},
		{"verify nowhere.eml", "cannot read nowhere.eml: there is no such file", 3},
		{"--lang ja verify nowhere.eml", "nowhere.eml を読み取れません: ファイルが存在しません", 3},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := p.run(strings.Fields(c.args)...).want(t, c.code)
			if !strings.Contains(r.err, c.want) {
				t.Errorf("got  %q\nwant %q", r.err, c.want)
			}
		})
	}
}

// TestCompletion: a shell is offered the words that a flag takes.
func TestCompletion(t *testing.T) {
	p := newProgram(t, dns.Zone{})
	for args, want := range map[string]string{
		"verify --lang ":           "en\nja\n",
		"verify --fail-on ":        "fail\nwarn\n",
		"dkim keygen --algorithm ": "rsa\ned25519\n",
		"completion z":             "zsh\n",
	} {
		r := p.run(append([]string{"__complete"}, strings.Split(args, " ")...)...).want(t, 0)
		if !strings.HasPrefix(r.out, want) {
			t.Errorf("%q: got %q, want %q", args, r.out, want)
		}
	}
}
