package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/internal/service"
)

// Remote is a server elsewhere, asked by its REST API.
type Remote struct {
	base, token string
	client      *http.Client
}

// ErrURL: not the address of a server.
var ErrURL = errors.New("write the server as https://todoku.example.com")

// maxAnswer bounds what is read of an answer, in octets.
const maxAnswer = 32 << 20

// NewRemote gives the server at an address; token may be "". ErrURL.
func NewRemote(server, token string) (*Remote, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, ErrURL
	}
	return &Remote{base: u.Scheme + "://" + u.Host, token: token, client: &http.Client{
		Timeout: 2 * time.Minute,
		// A token is for this server alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ask sends one request and reads the answer into out.
func ask[T any](ctx context.Context, r *Remote, method, path string, in any) (*T, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	q, err := http.NewRequestWithContext(ctx, method, r.base+"/api/v1"+path, body)
	if err != nil {
		return nil, err
	}
	if in != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		q.Header.Set("Authorization", "Bearer "+r.token)
	}
	answer, err := r.client.Do(q)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unreachable("The server cannot be reached: "+clipped(err.Error()), "サーバーに接続できません ("+clipped(err.Error())+")")
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, unreachable("The answer of the server broke off.", "サーバーからの応答が途切れました。")
	}
	if answer.StatusCode/100 != 2 {
		return nil, problemOf(answer, data)
	}
	out := new(T)
	if err := json.Unmarshal(data, out); err != nil {
		return nil, unreachable("The server answers something else than Todoku's API.", "サーバーの応答が Todoku の API のものではありません。")
	}
	return out, nil
}

func clipped(s string) string { return oneLine(s, shortText) }

func unreachable(en, ja string) error {
	return &service.Problem{Word: service.NoServer, Text: catalogue.Text{EN: en, JA: ja}}
}

// problemOf reads the problem of an answer.
func problemOf(answer *http.Response, data []byte) error {
	var p struct {
		Code, Detail string
		Errors       []struct{ Location, Message string }
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(data, &p) != nil || service.Titles[p.Code].EN == "" {
		text := fmt.Sprintf("HTTP %d", answer.StatusCode)
		return unreachable("The server answers something else than Todoku's API: "+text+".", "サーバーの応答が Todoku の API のものではありません ("+text+")")
	}
	out := &service.Problem{Word: p.Code}
	if len(p.Errors) > 0 {
		out.Field = clipped(p.Errors[0].Location)
		out.Text = catalogue.Text{EN: clipped(p.Errors[0].Message), JA: clipped(p.Errors[0].Message)}
	}
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && s > 0 && s < 3600 {
		out.RetryAfter = time.Duration(s) * time.Second
	}
	return out
}

// Check asks the server.
func (r *Remote) Check(ctx context.Context, q service.CheckRequest) (*render.CheckObject, error) {
	return ask[render.CheckObject](ctx, r, http.MethodPost, "/checks", q)
}

// WhatIf asks the server.
func (r *Remote) WhatIf(ctx context.Context, q service.CheckRequest) (*service.WhatIfResult, error) {
	return ask[service.WhatIfResult](ctx, r, http.MethodPost, "/what-if", q)
}

// Propose asks the server.
func (r *Remote) Propose(ctx context.Context, q service.ProposalRequest) (*service.Proposal, error) {
	return ask[service.Proposal](ctx, r, http.MethodPost, "/proposals", q)
}

// Explain asks the server.
func (r *Remote) Explain(ctx context.Context, q service.ExplainRequest) (*render.ExplainObject, error) {
	return ask[render.ExplainObject](ctx, r, http.MethodPost, "/explain", q)
}

// Finding asks the server.
func (r *Remote) Finding(ctx context.Context, id string) (*service.CatalogueEntry, error) {
	return ask[service.CatalogueEntry](ctx, r, http.MethodGet, "/findings/"+url.PathEscape(id), nil)
}

// NewTest asks the server.
func (r *Remote) NewTest(ctx context.Context, q service.NewTestRequest) (*service.Test, error) {
	return ask[service.Test](ctx, r, http.MethodPost, "/tests", q)
}

// Wait asks the server.
func (r *Remote) Wait(ctx context.Context, q service.WaitRequest) (*service.Verdict, error) {
	v := url.Values{"wait": {strconv.Itoa(int(q.Wait / time.Second))}, "lang": {q.Lang}}
	if q.After != "" {
		v.Set("after", q.After)
	}
	return ask[service.Verdict](ctx, r, http.MethodGet, "/tests/"+url.PathEscape(q.Token)+"/verdict?"+v.Encode(), nil)
}
