package verify

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/judge"
	"github.com/todoku/todoku/internal/wire/https"
	"github.com/todoku/todoku/message"
)

// oneClickTime bounds the request; providers do not wait longer.
const oneClickTime = 10 * time.Second

// oneClick does what a mailbox provider does when its user clicks "unsubscribe" (RFC 8058
// section 3.2): it posts to the address that the message names, through a guarded
// client. It unsubscribes the recipient in earnest. The answer is a finding of this
// run and no part of the evidence.
func oneClick(ctx context.Context, client https.Doer, m *message.Message, from string) []catalogue.Finding {
	uri := judge.OneClickURI(m)
	if client == nil || uri == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, oneClickTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		return []catalogue.Finding{judge.OneClick(from, uri, 0, err.Error())}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := client.Do(req)
	if err != nil {
		return []catalogue.Finding{judge.OneClick(from, uri, 0, err.Error())}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // the status is the answer
	return []catalogue.Finding{judge.OneClick(from, uri, resp.StatusCode, "")}
}
