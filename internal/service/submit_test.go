package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
	"github.com/todoku/todoku/internal/service/servicetest"
	"github.com/todoku/todoku/internal/store"
)

// TestSubmitEnvelope: what is said of the envelope, and what of it makes no sense.
func TestSubmitEnvelope(t *testing.T) {
	s := servicetest.New(t, nil)
	for _, c := range []struct {
		what  string
		q     service.SubmitRequest
		field string
		spf   string
	}{
		{what: "all of it", q: service.SubmitRequest{IP: "192.0.2.25", HELO: "mail.example.com", MailFrom: "news@example.com"}, spf: "pass"},
		{what: "in brackets", q: service.SubmitRequest{IP: "[192.0.2.25]", HELO: "mail.example.com", MailFrom: "<news@example.com>"}, spf: "pass"},
		{what: "IPv4 in IPv6", q: service.SubmitRequest{IP: "::ffff:192.0.2.25", HELO: "mail.example.com", MailFrom: "news@example.com"}, spf: "pass"},
		{what: "another address", q: service.SubmitRequest{IP: "192.0.2.26", HELO: "mail.example.com", MailFrom: "news@example.com"}, spf: "fail"},
		{what: "no address", q: service.SubmitRequest{IP: "mail.example.com"}, field: "ip"},
		{what: "a zone", q: service.SubmitRequest{IP: "fe80::1%eth0"}, field: "ip"},
		{what: "a HELO of two words", q: service.SubmitRequest{HELO: "mail example"}, field: "helo"},
		{what: "a HELO of two lines", q: service.SubmitRequest{HELO: "mail\r\nX: y"}, field: "helo"},
		{what: "a long HELO", q: service.SubmitRequest{HELO: strings.Repeat("a", 256)}, field: "helo"},
		{what: "no mail address", q: service.SubmitRequest{MailFrom: "news"}, field: "mail_from"},
		{what: "an address of two lines", q: service.SubmitRequest{MailFrom: "news@example.com\n"}, field: "mail_from"},
		{what: "a long address", q: service.SubmitRequest{MailFrom: strings.Repeat("a", 320) + "@b.example"}, field: "mail_from"},
		{what: "both", q: service.SubmitRequest{MailFrom: "news@example.com", NullPath: true}, field: "null_path"},
	} {
		c.q.Raw = []byte(servicetest.Mail)
		v, err := s.Submit(t.Context(), c.q)
		if c.field != "" {
			var p *service.Problem
			if !errors.As(err, &p) || p.Word != service.Invalid || p.Field != c.field || p.Detail("en") == p.Detail("ja") {
				t.Errorf("%s: %+v", c.what, err)
			}
			continue
		}
		if err != nil || v.State != service.StateVerified || v.Verdict.SPF.Result != c.spf {
			t.Errorf("%s: %v %+v", c.what, err, v)
		}
	}
	if list, err := s.Store.Recent(t.Context(), 100); err != nil || len(list) != 4 {
		t.Errorf("%d messages are kept, %v: those that were refused too?", len(list), err)
	}
}

// TestSubmitNullPath: the null path is an envelope sender, and not the same as none.
func TestSubmitNullPath(t *testing.T) {
	s := servicetest.New(t, nil)
	for _, c := range []struct {
		q     service.SubmitRequest
		given bool
	}{
		{service.SubmitRequest{MailFrom: "<>"}, true}, {service.SubmitRequest{NullPath: true}, true}, {service.SubmitRequest{NullPath: true, MailFrom: "<>"}, true},
		{service.SubmitRequest{}, false},
	} {
		c.q.Raw, c.q.IP = []byte(servicetest.Mail), "192.0.2.25"
		v, err := s.Submit(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		m, err := s.Store.Message(t.Context(), v.Message.ID)
		if err != nil || m.Evidence.Session.HasMailFrom != c.given || m.Evidence.Session.MailFrom != "" {
			t.Errorf("%+v: %+v %v", c.q, m.Evidence.Session, err)
		}
	}
}

// TestSubmitRefused: nothing, too much, no room, and a judgement that does not come.
func TestSubmitRefused(t *testing.T) {
	failure := errors.New("the resolver is gone")
	s := servicetest.New(t, func(c *service.Config) {
		c.Verify = func(context.Context, *store.Message) (*render.Report, error) { return nil, failure }
	})
	for _, c := range []struct {
		raw  []byte
		want string
	}{
		{nil, service.Invalid}, {[]byte(" \r\n\t"), service.Invalid}, {bytes.Repeat([]byte("a"), service.MaxMessage+1), service.TooLarge},
	} {
		if _, err := s.Submit(t.Context(), service.SubmitRequest{Raw: c.raw}); word(err) != c.want {
			t.Errorf("%d octets: %v, want %s", len(c.raw), err, c.want)
		}
	}
	v, err := s.Submit(t.Context(), service.SubmitRequest{Raw: []byte(servicetest.Mail)})
	if err != nil || v.State != service.StateReceived || v.Verdict != nil || v.Message == nil {
		t.Errorf("not judged: %+v %v", v, err)
	}
	failure = fmt.Errorf("keeping the verdict: %w", store.ErrFull)
	if _, err := s.Submit(t.Context(), service.SubmitRequest{Raw: []byte(servicetest.Mail)}); word(err) != service.StorageFull {
		t.Errorf("no room for the verdict: %v", err)
	}
	s.Store.SetQuota(10)
	if _, err := s.Submit(t.Context(), service.SubmitRequest{Raw: []byte(servicetest.Mail)}); word(err) != service.StorageFull {
		t.Errorf("beyond the quota: %v", err)
	}
}

// TestMessageAgain: the verdict of a message comes from what is stored, with other records where they are named.
func TestMessageAgain(t *testing.T) {
	s := servicetest.New(t, nil)
	m := s.Deliver(t, newTest(t, s).Token, sender, servicetest.Mail)
	s.Checker = nil // nothing is looked up
	for _, c := range []struct {
		records []string
		spf     string
	}{{nil, "pass"}, {[]string{"example.com TXT v=spf1 -all"}, "fail"}, {[]string{"example.com. TXT v=spf1 ip4:192.0.2.0/24 -all"}, "pass"}} {
		o, err := s.Message(t.Context(), service.MessageRequest{ID: m.ID, WhatIf: c.records})
		if err != nil || o.SPF.Result != c.spf {
			t.Errorf("%v: %+v %v", c.records, o, err)
		}
	}
	for _, records := range [][]string{{"nonsense"}, make([]string, 21), {"example.com TXT " + strings.Repeat("x", 70_000)}} {
		if _, err := s.Message(t.Context(), service.MessageRequest{ID: m.ID, WhatIf: records}); word(err) != service.Invalid {
			t.Errorf("%.60q: %v", records, err)
		}
	}
	raw, err := s.Raw(t.Context(), m.ID)
	if err != nil || string(raw) != servicetest.Mail {
		t.Errorf("%q %v", raw, err)
	}
	b, err := s.Bundle(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := evidence.Decode(bytes.NewReader(b)); err != nil || string(e.Message) != servicetest.Mail || len(e.DNS) == 0 {
		t.Errorf("%+v %v", e, err)
	}
}
