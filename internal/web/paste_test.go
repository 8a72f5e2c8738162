package web

import (
	"bytes"
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/i18n"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/store"
)

// postPaste sends the form as a browser does. "file" is sent as an upload.
func postPaste(t *testing.T, s *site, fields map[string]string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	var body bytes.Buffer
	mw := multipart.NewWriter(&body)
	file, err := mw.CreateFormFile("file", "message.eml")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write([]byte(fields["file"]))
	for name, value := range fields {
		if name != "file" {
			_ = mw.WriteField(name, value)
		}
	}
	mw.Close()
	r := httptest.NewRequest("POST", "/paste", &body)
	r.Host, r.RemoteAddr = "127.0.0.1:8025", "127.0.0.1:40000"
	r.Header.Set("Content-Type", mw.FormDataContentType())
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

const mail = "From: a@b.example\r\nSubject: hi\r\n\r\nbody\r\n"

func TestPaste(t *testing.T) {
	for name, c := range map[string]struct {
		fields    map[string]string
		raw       string
		session   evidence.Session
		converted bool
	}{
		"text":                {map[string]string{"message": mail}, mail, evidence.Session{}, false},
		"empty lines above":   {map[string]string{"message": "\r\n\r\n" + mail}, mail, evidence.Session{}, false},
		"a file wins":         {map[string]string{"message": "other", "file": mail}, mail, evidence.Session{}, false},
		"a file is kept":      {map[string]string{"file": "\r\n" + mail + "\nbare LF\x00\xff"}, "\r\n" + mail + "\nbare LF\x00\xff", evidence.Session{}, false},
		"all lines end in LF": {map[string]string{"file": "From: a@b.example\n\nx\n"}, "From: a@b.example\r\n\r\nx\r\n", evidence.Session{}, true},
		"envelope": {
			map[string]string{"message": mail, "ip": " [2001:db8::1] ", "helo": "mail.b.example", "mail_from": "<x@b.example>"}, mail,
			evidence.Session{RemoteIP: netip.MustParseAddr("2001:db8::1"), HELO: "mail.b.example", MailFrom: "x@b.example", HasMailFrom: true}, false,
		},
		"mapped address":   {map[string]string{"message": mail, "ip": "::ffff:192.0.2.1"}, mail, evidence.Session{RemoteIP: netip.MustParseAddr("192.0.2.1")}, false},
		"null path":        {map[string]string{"message": mail, "null_path": "1"}, mail, evidence.Session{HasMailFrom: true}, false},
		"null path, typed": {map[string]string{"message": mail, "mail_from": "<>"}, mail, evidence.Session{HasMailFrom: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			w := postPaste(t, s, c.fields)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/r/msg1" {
				t.Fatalf("%d %q: %s", w.Code, w.Header().Get("Location"), w.Body)
			}
			m := s.mem.messages[0]
			if string(m.Evidence.Message) != c.raw {
				t.Errorf("stored %q", m.Evidence.Message)
			}
			got := m.Evidence.Session
			if got.RemoteIP != c.session.RemoteIP || got.HELO != c.session.HELO || got.MailFrom != c.session.MailFrom ||
				got.HasMailFrom != c.session.HasMailFrom || got.Observed {
				t.Errorf("session %+v", got)
			}
			if m.Evidence.Source != "paste" || m.Evidence.LineEndsConverted != c.converted || m.State != store.Verified {
				t.Errorf("%+v", m)
			}
			if page := s.get(t, "/r/msg1"); page.Code != 200 || !strings.Contains(page.Body.String(), "This message was pasted") {
				t.Errorf("its report: %d", page.Code)
			}
		})
	}
}

func TestPlainFormPaste(t *testing.T) {
	s := newSite(t)
	r := request("POST", "/paste", strings.NewReader("message=From%3A+a%40b.example%0D%0A%0D%0Ahello&ip=192.0.2.1&null_path=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	if w.Code != 303 || string(s.mem.messages[0].Evidence.Message) != "From: a@b.example\r\n\r\nhello" || !s.mem.messages[0].Evidence.Session.HasMailFrom {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

// TestPasteErrors: beside the field, in both languages, with the values kept.
func TestPasteErrors(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string]string
		key    string
	}{
		"empty":             {map[string]string{"helo": "h"}, "paste.empty"},
		"white space":       {map[string]string{"message": " \r\n\t\r\n"}, "paste.empty"},
		"no address":        {map[string]string{"message": mail, "ip": "192.0.2.999"}, "paste.bad-ip"},
		"zone":              {map[string]string{"message": mail, "ip": "fe80::1%eth0"}, "paste.bad-ip"},
		"HELO":              {map[string]string{"message": mail, "helo": "two words"}, "paste.bad-helo"},
		"MAIL FROM":         {map[string]string{"message": mail, "mail_from": "nobody"}, "paste.bad-mail-from"},
		"MAIL FROM, CRLF":   {map[string]string{"message": mail, "mail_from": "a@b\r\nRCPT TO:<c@d>"}, "paste.bad-mail-from"},
		"path and no path":  {map[string]string{"message": mail, "mail_from": "a@b", "null_path": "1"}, "paste.null-and-path"},
		"script in a field": {map[string]string{"message": mail, "helo": `"><script>x`, "ip": `"><script>`}, "paste.bad-ip"},
	} {
		for _, lang := range i18n.Langs {
			t.Run(lang+" "+name, func(t *testing.T) {
				s := newSite(t)
				w := postPaste(t, s, c.fields, func(r *http.Request) { r.Header.Set("Accept-Language", lang) })
				if w.Code != http.StatusUnprocessableEntity || len(s.mem.messages) != 0 {
					t.Fatalf("status %d", w.Code)
				}
				body := w.Body.String()
				if !strings.Contains(body, i18n.T(lang, c.key)) || !strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, i18n.T(lang, "paste.summary")) {
					t.Errorf("the page does not say what is wrong")
				}
				if c.fields["message"] == mail && !strings.Contains(body, "From: a@b.example") {
					t.Error("the message is gone from the form")
				}
				if c.fields["helo"] == "h" && !strings.Contains(body, `value="h"`) {
					t.Error("the value is gone from the form")
				}
				checkPage(t, w.Body.Bytes())
			})
		}
	}
}

func TestPasteTooLarge(t *testing.T) {
	for name, fields := range map[string]map[string]string{
		"file":        {"file": strings.Repeat("x", 1001)},
		"text":        {"message": strings.Repeat("x", 1001)},
		"whole form":  {"file": strings.Repeat("x", 200_000)},
		"small field": {"message": mail, "helo": strings.Repeat("x", 5000)},
	} {
		s := newSite(t, func(c *Config) { c.MaxUpload = 1000 })
		w := postPaste(t, s, fields)
		if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "todoku verify FILE") || len(s.mem.messages) != 0 {
			t.Errorf("%s: status %d", name, w.Code)
		}
		checkPage(t, w.Body.Bytes())
	}
	s := newSite(t, func(c *Config) { c.MaxUpload = 1000 })
	if w := postPaste(t, s, map[string]string{"file": strings.Repeat("x", 1000)}); w.Code != 303 {
		t.Errorf("exactly the limit: status %d", w.Code)
	}
}

func TestPasteBrokenForm(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct{ mime, body string }{
		"cut off":    {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nFrom"},
		"many parts": {"multipart/form-data; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n", 50) + "--b--\r\n"},
		"bad escape": {"application/x-www-form-urlencoded", "message=%zz"},
	} {
		r := request("POST", "/paste", strings.NewReader(c.body))
		r.Header.Set("Content-Type", c.mime)
		w := httptest.NewRecorder()
		s.h.ServeHTTP(w, r)
		if w.Code != 400 || len(s.mem.messages) != 0 {
			t.Errorf("%s: status %d", name, w.Code)
		}
	}
}

// TestPasteWithoutAVerdict: the message is kept and its page says that it is not verified yet.
func TestPasteWithoutAVerdict(t *testing.T) {
	s := newSite(t, func(c *Config) {
		c.Verify = func(context.Context, *store.Message) (*render.Report, error) { return nil, errors.New("DNS is down") }
	})
	if w := postPaste(t, s, map[string]string{"message": mail}); w.Code != 303 {
		t.Fatal(w.Code)
	}
	if w := s.get(t, "/r/msg1"); !strings.Contains(w.Body.String(), "The verdict is on its way") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

func TestPasteWhenFull(t *testing.T) {
	s := newSite(t)
	s.mem.broken = store.ErrFull
	if w := postPaste(t, s, map[string]string{"message": mail}); w.Code != 507 || !strings.Contains(w.Body.String(), "The storage is full.") {
		t.Errorf("status %d", w.Code)
	}
}

func FuzzReadPaste(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nFrom: a@b\r\n--b--\r\n"))
	f.Add("application/x-www-form-urlencoded", []byte("message=a&ip=192.0.2.1&null_path=1"))
	f.Fuzz(func(t *testing.T, mime string, body []byte) {
		r := httptest.NewRequest("POST", "/paste", bytes.NewReader(body))
		r.Header.Set("Content-Type", mime)
		fields, raw, err := readPaste(r, 100)
		if err == nil && len(raw) > 100 {
			t.Errorf("%d octets of message, limit 100", len(raw))
		}
		s := fields.check("en", raw)
		if !fields.bad() && (strings.ContainsAny(s.MailFrom+s.HELO, "\r\n\x00 ") || s.RemoteIP.Zone() != "") {
			t.Errorf("accepted envelope %+v", s)
		}
	})
}
