package render

import (
	"github.com/todoku/todoku/bounce"
	"github.com/todoku/todoku/internal/explain"
	"github.com/todoku/todoku/internal/provider"
)

// ExplainObject is the `explain` object of the contract. Every key is always present.
type ExplainObject struct {
	Kind           string              `json:"kind"`
	Summary        string              `json:"summary"`
	Failures       []FailureObject     `json:"failures"`
	Authentication []AuthResultsObject `json:"authentication"`
	ReceivedSPF    []ReceivedSPFObject `json:"received_spf"`
	Hops           []HopObject         `json:"hops"`
	List           *ListObject         `json:"list"`
	Findings       []FindingObject     `json:"findings"`
	Command        *string             `json:"command"`
	Truncated      bool                `json:"truncated"`
}

// FailureObject is one delivery.
type FailureObject struct {
	Recipient    *string           `json:"recipient"`
	ReportedBy   *string           `json:"reported_by"`
	Host         *string           `json:"host"`
	IP           *string           `json:"ip"`
	Phase        *string           `json:"phase"`
	Action       *string           `json:"action"`
	RetryUntil   *string           `json:"retry_until"`
	Reply        *string           `json:"reply"`
	Code         *int              `json:"code"`
	Enhanced     *string           `json:"enhanced"`
	Text         *string           `json:"text"`
	Tail         *string           `json:"tail"`
	Class        string            `json:"class"`
	Known        bool              `json:"known"`
	Basis        string            `json:"basis"`
	Rule         *string           `json:"rule"`
	Provider     *string           `json:"provider"`
	ProviderName *string           `json:"provider_name"`
	Certainty    *string           `json:"certainty"`
	Category     *string           `json:"category"`
	Title        *string           `json:"title"`
	Meaning      string            `json:"meaning"`
	Cause        *string           `json:"cause"`
	NextStep     *string           `json:"next_step"`
	Requirements []string          `json:"requirements"`
	Source       *string           `json:"source"`
	AsOf         *string           `json:"as_of"`
	General      *GeneralObject    `json:"general"`
	Candidates   []CandidateObject `json:"candidates"`
	Findings     []string          `json:"findings"`
	Command      *string           `json:"command"`
}

// GeneralObject is what the public registry says of a code.
type GeneralObject struct {
	Meaning string `json:"meaning"`
	Ref     string `json:"ref"`
}

// CandidateObject is a rule that the codes would fit, while the words decide.
type CandidateObject struct {
	Rule    string `json:"rule"`
	Meaning string `json:"meaning"`
}

// AuthResultsObject is one Authentication-Results field.
type AuthResultsObject struct {
	Field      string             `json:"field"`
	Instance   *int               `json:"instance"`
	ClaimedBy  *string            `json:"claimed_by"`
	Author     *string            `json:"author"`
	FromDomain *string            `json:"from_domain"`
	Results    []AuthResultObject `json:"results"`
	Conclusion string             `json:"conclusion"`
	Findings   []string           `json:"findings"`
	Error      *string            `json:"error"`
}

// AuthResultObject is the result of one method.
type AuthResultObject struct {
	Method   string  `json:"method"`
	Result   string  `json:"result"`
	Domain   *string `json:"domain"`
	Selector *string `json:"selector"`
	IP       *string `json:"ip"`
	Reason   *string `json:"reason"`
	Aligned  *bool   `json:"aligned"`
	Text     string  `json:"text"`
}

// ReceivedSPFObject is one Received-SPF field.
type ReceivedSPFObject struct {
	Result    string   `json:"result"`
	Domain    *string  `json:"domain"`
	IP        *string  `json:"ip"`
	HELO      *string  `json:"helo"`
	ClaimedBy *string  `json:"claimed_by"`
	Text      string   `json:"text"`
	Findings  []string `json:"findings"`
}

// HopObject is one Received field.
type HopObject struct {
	ClaimedBy    *string `json:"claimed_by"`
	From         *string `json:"from"`
	HELO         *string `json:"helo"`
	IP           *string `json:"ip"`
	TLS          *string `json:"tls"`
	Date         *string `json:"date"`
	DelaySeconds *int    `json:"delay_seconds"`
}

// ListObject is what the header says of a mailing list.
type ListObject struct {
	ID          *string  `json:"id"`
	Unsubscribe []string `json:"unsubscribe"`
	OneClick    bool     `json:"one_click"`
	Signed      bool     `json:"signed"`
	Text        string   `json:"text"`
}

// Explain gives the `explain` object in a language.
func Explain(r *explain.Result, lang string) ExplainObject {
	o := ExplainObject{
		Kind: string(r.Kind), Summary: r.Summary(lang), Command: known(r.Command), Truncated: r.Truncated, Findings: Findings(r.Findings, lang),
		Failures: make([]FailureObject, 0, len(r.Failures)), Authentication: make([]AuthResultsObject, 0, len(r.Authentication)),
		ReceivedSPF: make([]ReceivedSPFObject, 0, len(r.ReceivedSPF)), Hops: make([]HopObject, 0, len(r.Hops)),
	}
	for _, f := range r.Failures {
		o.Failures = append(o.Failures, failureObject(f, lang))
	}
	for _, a := range r.Authentication {
		o.Authentication = append(o.Authentication, authResultsObject(a, lang))
	}
	for _, s := range r.ReceivedSPF {
		o.ReceivedSPF = append(o.ReceivedSPF, ReceivedSPFObject{
			Result: s.Result, Domain: known(s.Domain), IP: known(s.IP), HELO: known(s.HELO), ClaimedBy: known(s.Server), Text: s.Text.In(lang), Findings: list(s.Findings),
		})
	}
	for _, h := range r.Hops {
		o.Hops = append(o.Hops, hopObject(h))
	}
	if l := r.List; l != nil {
		o.List = &ListObject{ID: known(l.ID), Unsubscribe: list(l.Unsubscribe), OneClick: l.OneClick, Signed: l.Signed, Text: l.Text.In(lang)}
	}
	return o
}

func failureObject(f explain.Failure, lang string) FailureObject {
	o := FailureObject{
		Recipient: known(f.Recipient), ReportedBy: known(f.Reporter), Host: known(f.Host), IP: known(f.IP), Phase: known(f.Phase), Action: known(f.Action), RetryUntil: known(f.RetryUntil),
		Reply: known(f.Reply.String()), Enhanced: known(f.Status.String()), Text: known(f.Reply.Text), Tail: known(f.Reply.Tail),
		Class: className(f.Class), Known: f.Match.Known, Basis: string(f.Basis), Provider: known(f.Match.Provider), Certainty: known(string(f.Match.Certainty)),
		Category: known(f.Category), Title: known(f.Title.In(lang)), Meaning: f.Meaning.In(lang), Cause: known(f.Cause.In(lang)), NextStep: known(f.Next.In(lang)),
		Requirements: []string{}, Candidates: []CandidateObject{}, Findings: list(f.Findings), Command: known(f.Command),
	}
	if f.Reply.Code > 0 {
		o.Code = &f.Reply.Code
	}
	if p := f.Match.Provider; p != "" {
		o.ProviderName = known(provider.ReceiverName(p).In(lang))
	}
	if r := f.Match.Rule; r != nil {
		o.Rule, o.Source, o.AsOf = known(r.ID), known(r.Source), known(r.AsOf)
		o.Requirements = list(r.Requirements)
	}
	if f.GeneralRef != "" && f.General.EN != "" {
		o.General = &GeneralObject{Meaning: f.General.In(lang), Ref: f.GeneralRef}
	}
	for _, c := range f.Match.Candidates {
		o.Candidates = append(o.Candidates, CandidateObject{Rule: c.ID, Meaning: c.Meaning.In(lang)})
	}
	return o
}

// className is the word for a class of replies.
func className(c bounce.Class) string {
	switch c {
	case bounce.Success:
		return "success"
	case bounce.Intermediate:
		return "intermediate"
	case bounce.Temporary:
		return "temporary"
	case bounce.Permanent:
		return "permanent"
	}
	return "unknown"
}

func authResultsObject(a explain.Authentication, lang string) AuthResultsObject {
	o := AuthResultsObject{
		Field: a.Field, ClaimedBy: known(a.Server), Author: known(a.Author), FromDomain: known(a.FromDomain),
		Results: make([]AuthResultObject, 0, len(a.Results)), Conclusion: a.Conclusion.In(lang), Findings: list(a.Findings),
	}
	if a.Instance > 0 {
		o.Instance = &a.Instance
	}
	if a.Err != nil {
		o.Error = known(a.Err.Error())
	}
	for _, r := range a.Results {
		o.Results = append(o.Results, AuthResultObject{
			Method: r.Method, Result: r.Result, Domain: known(r.Domain), Selector: known(r.Selector), IP: known(r.IP),
			Reason: known(r.Reason), Aligned: r.Aligned, Text: r.Text.In(lang),
		})
	}
	return o
}

func hopObject(h explain.Hop) HopObject {
	o := HopObject{ClaimedBy: known(h.By), From: known(h.From), HELO: known(h.HELO), TLS: known(h.TLS), Date: known(h.Date)}
	if h.IP.IsValid() {
		o.IP = known(h.IP.String())
	}
	if h.DelayKnown {
		s := int(h.Delay.Seconds())
		o.DelaySeconds = &s
	}
	return o
}
