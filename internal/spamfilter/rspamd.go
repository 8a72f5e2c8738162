package spamfilter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Rspamd asks a worker of rspamd by its HTTP protocol
// (https://rspamd.com/doc/developers/protocol.html). Safe for concurrent use.
type Rspamd struct {
	url  string
	host string
	http *http.Client
}

// NewRspamd gives a client for the normal worker, or the controller, at address, an http
// or https URL such as http://127.0.0.1:11333. A path is that under which a proxy shows it.
func NewRspamd(address string) (*Rspamd, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, errors.New("not an http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("a URL with a user name, a query or a fragment")
	}
	if path := strings.TrimRight(u.Path, "/"); !strings.HasSuffix(path, "/checkv2") {
		u = u.JoinPath("checkv2")
	}
	return &Rspamd{url: u.String(), host: u.Host, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil, // a message goes where the user says, and nowhere else
			DialContext:            (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: 64 << 10,
		},
	}}, nil
}

// Name is what the filter is called.
func (r *Rspamd) Name() string { return "rspamd" }

// Address is the host and port that is asked.
func (r *Rspamd) Address() string { return r.host }

// Ask gives the filter's opinion. An error means that there is none: the filter could not
// be asked, skipped the message, or puts it off.
func (r *Rspamd) Ask(ctx context.Context, q Query) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(q.Raw))
	if err != nil {
		return Answer{}, err
	}
	envelope(req.Header, q)
	resp, err := r.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return Answer{}, failure(ctx, "asking "+r.host, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return Answer{}, fmt.Errorf("HTTP status %d: redirects are not followed", resp.StatusCode)
	}
	data, err := readAnswer(resp.Body)
	if err != nil {
		return Answer{}, failure(ctx, "reading the answer of "+r.host, err)
	}
	return rspamdAnswer(resp.StatusCode, data)
}

// envelope says in rspamd's own header fields how the message came.
func envelope(h http.Header, q Query) {
	set := func(name, value string) {
		if value = plain(value, 1000); value != "" {
			h.Set(name, value)
		}
	}
	h.Set("Content-Type", "text/plain")
	h.Set("User-Agent", "todoku")
	s := q.Session
	if s.RemoteIP.IsValid() {
		set("Ip", s.RemoteIP.Unmap().WithZone("").String())
	}
	set("Helo", s.HELO)
	if s.HasMailFrom {
		set("From", "<"+s.MailFrom+">")
	}
	for _, rcpt := range s.Recipients[:min(len(s.Recipients), 100)] {
		if rcpt = plain(rcpt, 1000); rcpt != "" {
			h.Add("Rcpt", "<"+strings.Trim(rcpt, "<>")+">")
		}
	}
}

// rspamdActions says which of rspamd's actions keep a message from being delivered as
// ordinary mail. Greylisting puts off what scores a little: no verdict yet, but not spam.
var rspamdActions = map[string]bool{
	"no action": false, "greylist": false,
	"add header": true, "rewrite subject": true, "quarantine": true, "discard": true, "reject": true,
}

func rspamdAnswer(status int, data []byte) (Answer, error) {
	var in struct {
		Error    string   `json:"error"`
		Skipped  bool     `json:"is_skipped"`
		Action   *string  `json:"action"`
		Score    *float64 `json:"score"`
		Required float64  `json:"required_score"`
		Symbols  map[string]struct {
			Score float64 `json:"score"`
		} `json:"symbols"`
	}
	err := json.Unmarshal(data, &in)
	switch {
	case status != http.StatusOK:
		return Answer{}, fmt.Errorf("HTTP status %d %s", status, plain(in.Error, maxDetail))
	case err != nil:
		return Answer{}, errors.New("the answer is not rspamd's JSON")
	case in.Error != "":
		return Answer{}, fmt.Errorf("it reports an error: %s", plain(in.Error, maxDetail))
	case in.Skipped && (in.Action == nil || *in.Action == "no action"): // with an action, a rule decided before the rest
		return Answer{}, errors.New("it skipped the message: its settings let mail from this address pass unseen")
	case in.Action == nil || in.Score == nil:
		return Answer{}, errors.New("the answer lacks action or score")
	}
	action := plain(*in.Action, maxName)
	spam, known := rspamdActions[action]
	switch {
	case action == "soft reject":
		return Answer{}, errors.New("its action is \"soft reject\": it puts the message off for now")
	case !known:
		return Answer{}, fmt.Errorf("its action is %q, which is not one of rspamd's own", action)
	}
	a := Answer{Spam: spam, Action: action, Score: *in.Score, Required: in.Required}
	symbols := make([]Symbol, 0, len(in.Symbols))
	for name, s := range in.Symbols {
		symbols = append(symbols, Symbol{Name: plain(name, maxName), Score: s.Score})
	}
	a.Symbols = heaviest(symbols)
	return a, nil
}
