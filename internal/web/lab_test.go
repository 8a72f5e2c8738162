package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/store"
)

// fakeLab has one run.
type fakeLab struct{ in lab.Input }

func (f *fakeLab) Domain() string { return f.in.Domain }

func (f *fakeLab) Begin(context.Context, netip.Addr) (store.LabRun, error) {
	return store.LabRun{Token: f.in.Token}, nil
}

func (f *fakeLab) Matrix(_ context.Context, token string) (*lab.Matrix, error) {
	if token != f.in.Token {
		return nil, store.ErrNotFound
	}
	return lab.Judge(f.in), nil
}

// labWith is a site whose lab has a run with these attempts; text is what the client says of itself.
func labWith(t *testing.T, text string) *site {
	t.Helper()
	try := func(receiver, outcome string, after time.Duration) lab.Attempt {
		return lab.Attempt{At: now.Add(after), Receiver: receiver, IP: netip.MustParseAddr("192.0.2.9"), HELO: text, Outcome: outcome, Stage: lab.AtRCPT, Reply: "451 4.7.1 Greylisted",
			TLS: &evidence.TLS{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ServerName: text}, Parameters: []string{text}}
	}
	f := &fakeLab{lab.Input{
		Domain: "lab.todoku.example", Token: "tok", Begun: now, Expires: now.Add(72 * time.Hour), Now: now.Add(time.Hour), Patience: 5 * time.Minute,
		Setup: map[string]string{lab.IPv6: lab.LacksIPv6},
		Attempts: []lab.Attempt{
			try(lab.Good, lab.Accepted, 0), try(lab.Expired, lab.Accepted, time.Second), try(lab.STSBad, lab.Accepted, time.Second),
			try(lab.Greylist, lab.Deferred, 0), try(lab.Greylist, lab.Accepted, 6*time.Minute),
			try(lab.Deferring, lab.Deferred, 0), try(lab.Deferring, lab.Deferred, 10*time.Minute), try(lab.NullMX, lab.Refused, time.Minute),
		},
	}}
	return newSite(t, func(c *Config) { c.Lab = f })
}

func TestLabPages(t *testing.T) {
	s := labWith(t, "mail.sender.example")
	for path, want := range map[string]map[string][]string{
		"/lab": {"en": {"Start a run", "null-mx.lab.todoku.example", "good.lab.todoku.example"}, "ja": {"テストを始める"}},
		"/lab/tok": {
			"en": {"tok@dane-bad.lab.todoku.example", "sendmail -i -f", "swaks --server", "encrypts where it can", "Delivered, against the receiver", "smtp_tls_policy_maps", "RFC 7435",
				"Accepted at attempt 2, 360 seconds", "could be better", "cannot be tested here", `<polyline points="44.0,`, `class="taken"`, "6 min 0 s", "RFC 7505", `href="/lab/tok.json"`, "TLS 1.3, TLS_AES_128_GCM_SHA256"},
			"ja": {"360 秒後、2 回目", "改善の余地", "ここでは確認不可", "時間と試行回数"},
		},
		"/lab/nosuch": {"en": {"This run of the lab is not here."}, "ja": {"この送信ラボのテストはありません。"}},
	} {
		for _, lang := range i18n.Langs {
			w := s.get(t, path, func(r *http.Request) { r.Header.Set("Accept-Language", lang) })
			for _, text := range want[lang] {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("%s in %s: %q is not on the page", path, lang, text)
				}
			}
			if body := w.Body.String(); strings.Contains(body, "<no value>") || strings.Contains(body, "ZgotmplZ") {
				t.Errorf("%s: a template lacks a value", path)
			}
			checkPage(t, w.Body.Bytes())
		}
	}
	part := s.get(t, "/lab/tok", func(r *http.Request) { r.Header.Set("Todoku-Part", "result") }).Body.String()
	if strings.Contains(part, "<html") || !strings.Contains(part, `id="matrix-h"`) {
		t.Errorf("the part is %.200s", part)
	}
	var m lab.Matrix
	if err := json.Unmarshal(s.get(t, "/lab/tok.json").Body.Bytes(), &m); err != nil || len(m.Cells) != len(lab.Receivers) || m.Cell(lab.NullMX).Verdict != lab.VerdictBad {
		t.Errorf("%v %+v", err, m)
	}
	w := s.get(t, "/lab", func(r *http.Request) { r.Method = "POST" })
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/lab/tok" {
		t.Errorf("a run begins with %d %s", w.Code, w.Header().Get("Location"))
	}
}

// Without a lab the page says how to have one.
func TestNoLab(t *testing.T) {
	s := newSite(t)
	w := s.get(t, "/lab")
	if !strings.Contains(w.Body.String(), "--lab-domain") || strings.Contains(w.Body.String(), `action="/lab"`) {
		t.Errorf("%s", w.Body)
	}
	checkPage(t, w.Body.Bytes())
	if w := s.get(t, "/lab", func(r *http.Request) { r.Method = "POST" }); w.Code != http.StatusNotFound {
		t.Errorf("a run begins without a lab: %d", w.Code)
	}
	if w := s.get(t, "/lab/tok"); w.Code != http.StatusNotFound {
		t.Errorf("a run without a lab: %d", w.Code)
	}
}

// What a mail server says of itself is hostile text.
func TestHostileLab(t *testing.T) {
	body := labWith(t, script).get(t, "/lab/tok").Body
	checkPage(t, body.Bytes())
	if strings.Contains(body.String(), "<script>alert") {
		t.Error("a HELO name is markup")
	}
}

// Every word that package lab can say has its text.
func TestLabWords(t *testing.T) {
	for _, r := range lab.Receivers {
		if labReceivers[r.Name] == "" {
			t.Errorf("%s has no text", r.Name)
		}
	}
	source, err := os.ReadFile("../lab/opinions.go")
	if err != nil {
		t.Fatal(err)
	}
	for kind, keys := range map[string]map[string]string{"reason": labReasons, "advice": labAdvice} {
		words := regexp.MustCompile(kind+`: +"([a-z0-9-]+)"[,}]`).FindAllStringSubmatch(string(source), -1)
		if len(words) < 10 {
			t.Fatalf("only %d words of %s were found: the search is broken", len(words), kind)
		}
		for _, w := range words {
			if keys[w[1]] == "" {
				t.Errorf("the %s %s has no text", kind, w[1])
			}
		}
	}
}
