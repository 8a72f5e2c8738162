package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a demo that serves.
type running struct {
	t         *testing.T
	base      string // of the pages' addresses
	populated chan struct{}
	end       context.CancelFunc
	ended     chan error
}

func start(t *testing.T) *running {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	d := &running{t: t, populated: make(chan struct{}), end: cancel, ended: make(chan error, 1)}
	ready := make(chan string, 1)
	go func() {
		d.ended <- Run(ctx, Config{
			HTTP: "127.0.0.1:0", SMTP: "127.0.0.1:0", Version: "test",
			Ready:     func(_, http net.Addr) { ready <- "http://" + http.String() },
			Populated: func() { close(d.populated) },
		})
	}()
	select {
	case d.base = <-ready:
	case err := <-d.ended:
		t.Fatalf("it did not start: %v", err)
	}
	t.Cleanup(d.stop)
	return d
}

// stop ends the demo, once, and checks that it was orderly and in time.
func (d *running) stop() {
	if d.end == nil {
		return
	}
	http.DefaultClient.CloseIdleConnections()
	begun := time.Now()
	d.end()
	d.end = nil
	if err := <-d.ended; err != nil {
		d.t.Errorf("it ended with %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		d.t.Errorf("ending took %v", took)
	}
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "todoku-demo-*"))
	if err != nil || len(left) > 0 {
		d.t.Errorf("left behind: %v %v", left, err)
	}
}

func (d *running) get(path, languages string) (header http.Header, body string) {
	d.t.Helper()
	r, err := http.NewRequest("GET", d.base+path, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", languages)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
	return resp.Header, string(b)
}

// TestHomeAtOnce: the pages answer before the sample mail is there, in the browser's
// language, and the demo can be ended at that moment.
func TestHomeAtOnce(t *testing.T) {
	d := start(t)
	for languages, want := range map[string]string{"": "en", "ja": "ja", "ja;q=0.9,en;q=0.1": "ja", "en;q=0.9,ja;q=0.1": "en", "fr": "en"} {
		header, body := d.get("/", languages)
		if got := header.Get("Content-Language"); got != want || !strings.Contains(body, `lang="`+want+`"`) {
			t.Errorf("Accept-Language %q is answered in %q, want %q", languages, got, want)
		}
		for _, s := range sampleStories {
			title := s.title.EN
			if want == "ja" {
				title = s.title.JA
			}
			if !strings.Contains(body, title) {
				t.Errorf("%s: the story %q is missing", want, title)
			}
		}
	}
	d.stop()
}

// verdict is what a story's report says.
type verdict struct {
	SPF   struct{ Result string }
	DKIM  []struct{ Result, Domain string }
	ARC   struct{ Result string }
	DMARC struct {
		Result      string
		Disposition *string
		FromDomain  string `json:"from_domain"`
	}
	IPRev    struct{ Result string }
	Findings []struct{ ID, Status string }
}

func (v verdict) dkim() []string {
	out := []string{}
	for _, d := range v.DKIM {
		out = append(out, d.Domain+" "+d.Result)
	}
	slices.Sort(out)
	return out
}

func (v verdict) has(id string) bool {
	return slices.ContainsFunc(v.Findings, func(f struct{ ID, Status string }) bool { return f.ID == id })
}

// TestStories: each sample message teaches what its text says it does.
func TestStories(t *testing.T) {
	d := start(t)
	select {
	case <-d.populated:
	case err := <-d.ended:
		d.end = nil
		t.Fatalf("it ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the sample mail does not come")
	}
	_, home := d.get("/", "en")
	want := map[string]struct {
		spf, arc, dmarc, disposition, iprev string
		dkim, findings                      []string
	}{
		"healthy": {spf: "pass", arc: "none", dmarc: "pass", disposition: "none", iprev: "pass",
			dkim: []string{"hanako.example pass", "hanako.example pass"}},
		"ses": {spf: "pass", arc: "none", dmarc: "fail", disposition: "quarantine", iprev: "pass",
			dkim: []string{"amazonses.com pass"}, findings: []string{"dmarc.fail-ses-default"}},
		"rental":    {spf: "pass", arc: "none", dmarc: "none", iprev: "pass", dkim: []string{}},
		"forwarded": {spf: "fail", arc: "none", dmarc: "pass", disposition: "none", iprev: "pass", dkim: []string{"hanako.example pass", "hanako.example pass"}},
		"list": {spf: "pass", arc: "pass", dmarc: "fail", disposition: "reject", iprev: "pass",
			dkim: []string{"keiri.example fail"}, findings: []string{"arc.could-override"}},
		"spoof": {spf: "fail", arc: "none", dmarc: "fail", disposition: "reject", iprev: "permerror", dkim: []string{}}, // no PTR: RFC 8601 section 2.7.3
	}
	if len(want) != len(sampleStories) {
		t.Fatalf("%d stories, %d expected", len(sampleStories), len(want))
	}
	for _, s := range sampleStories {
		t.Run(s.key, func(t *testing.T) {
			id := reportOf(home, s.title.EN)
			if id == "" {
				t.Fatalf("the home page does not link to it:\n%s", home)
			}
			_, body := d.get("/r/"+id+".json", "en")
			var v verdict
			if err := json.Unmarshal([]byte(body), &v); err != nil {
				t.Fatal(err)
			}
			w := want[s.key]
			disposition := ""
			if v.DMARC.Disposition != nil {
				disposition = *v.DMARC.Disposition
			}
			if v.SPF.Result != w.spf || v.ARC.Result != w.arc || v.DMARC.Result != w.dmarc || v.IPRev.Result != w.iprev ||
				(w.disposition != "" && disposition != w.disposition) || !slices.Equal(v.dkim(), w.dkim) {
				t.Errorf("got %+v, want %+v", v, w)
			}
			for _, f := range v.Findings {
				if s.key == "healthy" && f.Status != "pass" && f.Status != "info" {
					t.Errorf("the healthy sender is told %s (%s)", f.ID, f.Status)
				}
			}
			for _, id := range w.findings {
				if !v.has(id) {
					t.Errorf("no finding %s: %v", id, v.Findings)
				}
			}
			for _, lang := range []string{"en", "ja"} {
				if _, page := d.get("/r/"+id+"?lang="+lang, ""); !strings.Contains(page, v.DMARC.FromDomain) {
					t.Errorf("the %s page does not name %q", lang, v.DMARC.FromDomain)
				}
			}
		})
	}
}

// reportOf finds the link to a story's report on the home page.
func reportOf(home, title string) string {
	i := strings.Index(home, title)
	if i < 0 {
		return ""
	}
	// The link is around the title, or within the same list item.
	item := home[max(0, strings.LastIndex(home[:i], "<li")):]
	_, rest, found := strings.Cut(item, `href="/r/`)
	if !found {
		return ""
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// TestPortTaken: the second demo on the same port says so.
func TestPortTaken(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = Run(t.Context(), Config{HTTP: l.Addr().String(), SMTP: "127.0.0.1:0"})
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "listen" {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "todoku-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
