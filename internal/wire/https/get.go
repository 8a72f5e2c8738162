// Package https fetches one document by HTTPS and keeps what came, or what kept it from
// coming, as evidence: a policy (MTA-STS), a logo or a certificate (BIMI). Apart from wire, so
// that libraries that only read DNS records and messages do not link net/http.
package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Doer sends one HTTP request. It should not follow redirects: a policy or a
// certificate that came by way of one does not count. *http.Client is a Doer.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Document is what one GET gave, to be kept as evidence.
type Document struct {
	URL string `json:"url"`
	// Status is the HTTP status code, 0 where no response came.
	Status int `json:"status"`
	// ContentType is as the server said; Location that of a redirect.
	ContentType string `json:"content_type,omitempty"`
	Location    string `json:"location,omitempty"`
	// Body is that of a 200, at most the limit.
	Body []byte `json:"body,omitempty"`
	// Problem is "" where a 200 and its whole body came, else one of the Fetch
	// constants; Detail says it in English with what was seen.
	Problem string `json:"problem,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// What can keep a document from coming. A Doer's error may say it itself by a method
// FetchProblem() string.
const (
	FetchBadURL      = "bad-url"               // not to be fetched at all
	FetchDNS         = "dns-failed"            // the addresses could not be looked up
	FetchNoAddress   = "no-address"            // the host has no address
	FetchRefusedAddr = "address-refused"       // private, loopback and the like
	FetchConnect     = "connect-failed"        // refused, reset, no route
	FetchTimeout     = "timeout"               //
	FetchTLS         = "tls-failed"            // the handshake failed, not because of the certificate
	FetchCertExpired = "certificate-expired"   // or not yet valid
	FetchCertName    = "certificate-name"      // valid, for other names
	FetchCertUnknown = "certificate-untrusted" // self-signed, unknown authority, incomplete chain
	FetchCertBad     = "certificate-invalid"   // anything else about it
	FetchRedirect    = "redirect"              //
	FetchStatus      = "http-status"           // neither 200 nor a redirect
	FetchTooLarge    = "too-large"             //
	FetchFailed      = "fetch-failed"          // anything else
)

// Temporary reports whether the problem says nothing about what is published: another
// try, or another place to try from, may find it well.
func (d *Document) Temporary() bool {
	switch d.Problem {
	case FetchDNS, FetchConnect, FetchTimeout, FetchFailed:
		return true
	case FetchStatus:
		return d.Status >= 500 || d.Status == http.StatusTooManyRequests
	}
	return false
}

// Get fetches url and reads at most limit octets of the body.
func Get(ctx context.Context, c Doer, url string, limit int64) Document {
	d := Document{URL: url}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil || req.URL.Host == "" {
		return d.fail(FetchBadURL, "not a URL that can be fetched")
	}
	resp, err := c.Do(req)
	if err != nil {
		return d.fail(FetchProblem(err), err.Error())
	}
	defer resp.Body.Close()
	d.Status, d.ContentType, d.Location = resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Location")
	switch {
	case resp.Request != nil && resp.Request.URL != nil && resp.Request.URL.String() != req.URL.String():
		d.Location = resp.Request.URL.String()
		return d.fail(FetchRedirect, "the answer came by way of a redirect")
	case d.Status >= 300 && d.Status < 400:
		return d.fail(FetchRedirect, fmt.Sprintf("HTTP status %d", d.Status))
	case d.Status != http.StatusOK:
		return d.fail(FetchStatus, fmt.Sprintf("HTTP status %d", d.Status))
	}
	d.Body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	switch {
	case int64(len(d.Body)) > limit:
		d.Body = d.Body[:limit]
		return d.fail(FetchTooLarge, fmt.Sprintf("more than %d octets", limit))
	case err != nil:
		return d.fail(FetchProblem(err), err.Error())
	}
	return d
}

func (d Document) fail(problem, detail string) Document {
	d.Problem, d.Detail = problem, detail
	return d
}

// FetchProblem says which of the Fetch constants err, which is not nil, is.
func FetchProblem(err error) string {
	var own interface{ FetchProblem() string }
	if errors.As(err, &own) {
		return own.FetchProblem()
	}
	var timeout interface{ Timeout() bool }
	var dnsErr *net.DNSError
	switch {
	case certProblem(err) != "":
		return certProblem(err)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return FetchTimeout
	case errors.As(err, &dnsErr):
		if dnsErr.IsNotFound {
			return FetchNoAddress
		}
		return FetchDNS
	case isTLS(err):
		return FetchTLS
	}
	var op *net.OpError
	if errors.As(err, &op) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return FetchConnect
	}
	return FetchFailed
}

// certProblem says what is wrong with a certificate, "" where err is not about one.
func certProblem(err error) string {
	var (
		invalid   x509.CertificateInvalidError
		name      x509.HostnameError
		authority x509.UnknownAuthorityError
		verify    *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return FetchCertExpired
	case errors.As(err, &name):
		return FetchCertName
	case errors.As(err, &authority):
		return FetchCertUnknown
	case errors.As(err, &invalid), errors.As(err, &verify):
		return FetchCertBad
	}
	return ""
}

func isTLS(err error) bool {
	var alert tls.AlertError
	var header tls.RecordHeaderError
	return errors.As(err, &alert) || errors.As(err, &header) || strings.Contains(err.Error(), "tls: ") ||
		strings.Contains(err.Error(), "HTTP response to HTTPS client")
}
