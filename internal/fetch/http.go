package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/todoku/todoku/internal/wire/https"
)

// HTTPConfig configures a [Client]; zero values take the defaults.
type HTTPConfig struct {
	// Timeout bounds one request in all: look-up, connection, redirects, body. 10 s by default.
	Timeout time.Duration
	// MaxBody is how many octets of a body, after decompression, can be read; 1 MiB by default.
	MaxBody int64
	// MaxRedirects is how many redirects are followed; none by default: a redirect is
	// then the answer. At most 10.
	MaxRedirects int
	// PlainHTTP allows http: beside https:.
	PlainHTTP bool
	// UserAgent is sent with each request; "todoku" by default.
	UserAgent string
}

const (
	maxRedirects   = 10
	maxHeaderBytes = 64 << 10
)

// Client sends HTTP requests through a [Dialer]. Safe for concurrent use.
type Client struct {
	cfg  HTTPConfig
	http *http.Client
}

// NewClient gives a client.
func NewClient(d *Dialer, cfg HTTPConfig) *Client {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 1 << 20
	}
	if cfg.UserAgent == "" {
		cfg.UserAgent = "todoku"
	}
	cfg.MaxRedirects = min(cfg.MaxRedirects, maxRedirects)
	c := &Client{cfg: cfg}
	c.http = &http.Client{CheckRedirect: c.checkRedirect, Transport: &http.Transport{
		Proxy:                  nil, // neither by configuration nor from the environment
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.Roots(), Time: d.Now},
		TLSHandshakeTimeout:    cfg.Timeout,
		DisableKeepAlives:      true, // with DialContext of its own it speaks HTTP/1.1 alone, whose bounds are plain
		MaxResponseHeaderBytes: maxHeaderBytes,
	}}
	return c
}

// Do sends one request. The deadline of all, the reading of the body included, is that
// of the configuration; the body gives an error, an *[Error], where it goes on beyond
// MaxBody. The caller closes it.
func (c *Client) Do(req *http.Request) (*http.Response, error) {
	if err := c.check(req.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(req.Context(), c.cfg.Timeout)
	req = req.Clone(ctx)
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		cancel()
		return nil, requestError(req.URL, err)
	}
	resp.Body = &body{source: resp.Body, left: c.cfg.MaxBody, most: c.cfg.MaxBody, ctx: ctx, cancel: cancel, url: req.URL}
	return resp, nil
}

// Get fetches a URL, as evidence.
func (c *Client) Get(ctx context.Context, url string) https.Document {
	return https.Get(ctx, c, url, c.cfg.MaxBody)
}

// check refuses what is not to be asked for at all.
func (c *Client) check(u *url.URL) error {
	e := &Error{Problem: https.FetchBadURL, Host: u.Hostname()}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !c.cfg.PlainHTTP):
		e.Detail = fmt.Sprintf("the scheme %q is not fetched", u.Scheme)
	case u.User != nil:
		e.Detail = "a URL with a user name is not fetched"
	case u.Hostname() == "":
		e.Detail = "the URL has no host"
	case portOf(u) != defaultPort(u):
		// What a dialer for mail may connect to is nothing to send a request to.
		e.Port, e.Detail = portOf(u), "a URL with a port of its own is not fetched"
	default:
		return nil
	}
	return e
}

func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > c.cfg.MaxRedirects {
		if c.cfg.MaxRedirects == 0 {
			return http.ErrUseLastResponse
		}
		return &Error{Problem: https.FetchRedirect, Host: req.URL.Hostname(), Detail: fmt.Sprintf("more than %d redirects", c.cfg.MaxRedirects)}
	}
	if slices.ContainsFunc(via, func(r *http.Request) bool { return r.URL.Scheme == "https" }) && req.URL.Scheme != "https" {
		return &Error{Problem: https.FetchRedirect, Host: req.URL.Hostname(), Detail: "a redirect from https to " + req.URL.Scheme}
	}
	return c.check(req.URL)
}

// requestError makes an *Error of whatever net/http gave.
func requestError(u *url.URL, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // without the URL, which stands in the Error already
	}
	return &Error{Problem: https.FetchProblem(err), Host: u.Hostname(), Port: portOf(u), Detail: "the request failed", Err: err}
}

func portOf(u *url.URL) uint16 {
	var port uint16
	if _, err := fmt.Sscanf(u.Port(), "%d", &port); err == nil {
		return port
	}
	return defaultPort(u)
}

func defaultPort(u *url.URL) uint16 {
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

// body is a response body with an end to its size and its time.
type body struct {
	source io.ReadCloser
	left   int64
	most   int64
	ctx    context.Context
	cancel context.CancelFunc
	url    *url.URL
}

func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	// One octet more is asked for, to tell a body that just fits from one that goes on.
	n, err := b.source.Read(p[:min(int64(len(p)), b.left+1)])
	if int64(n) > b.left {
		n = int(b.left)
		b.left = 0
		return n, &Error{Problem: https.FetchTooLarge, Host: b.url.Hostname(), Port: portOf(b.url), Detail: fmt.Sprintf("more than %d octets", b.most)}
	}
	b.left -= int64(n)
	if err == io.EOF && b.ctx.Err() != nil {
		err = b.ctx.Err() // hanging up at the deadline can make a server end the body in order
	}
	if err != nil && err != io.EOF {
		err = requestError(b.url, err)
	}
	return n, err
}

func (b *body) Close() error {
	defer b.cancel()
	return b.source.Close()
}
