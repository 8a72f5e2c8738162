package service

import (
	"context"
	"errors"
	"time"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
	"github.com/todoku/todoku/internal/warmup"
)

// Warmup is a plan by which a source address sends a little more each day to one provider.
type Warmup struct {
	Source       string         `json:"source" example:"192.0.2.1" doc:"the IP address that mail goes out from"`
	Provider     string         `json:"provider" example:"gmail" doc:"who receives; * for all without a plan of their own"`
	ProviderName string         `json:"provider_name" example:"Gmail (Google)"`
	Plan         string         `json:"plan" example:"generic" doc:"a published plan, or TARGET/DAYS"`
	State        string         `json:"state" enum:"going,full,on-hold,silence,no-bound,ended" doc:"what today is: with room left, used up, held, silent as the provider asked, over, or (in the answer that ends it) ended"`
	Day          *int           `json:"day" doc:"which day of the plan today is, from 1; null when it is over"`
	Days         int            `json:"days" doc:"how many days the plan has"`
	Allowed      *int           `json:"allowed" doc:"the share of today, in recipients; null where nothing bounds it"`
	Used         int            `json:"used" doc:"how much of it was let through"`
	HeldBecause  *string        `json:"held_because" doc:"why it is held; null where it is not"`
	SilentUntil  *time.Time     `json:"silent_until" doc:"until when nothing is sent; null for now"`
	Connections  *int           `json:"connections" doc:"how many connections to the provider may be open at one time; null for as many as one likes"`
	Target       *WarmupTarget  `json:"target" doc:"null when the plan is over"`
	Standing     WarmupStanding `json:"standing"`
	Calendar     []WarmupDay    `json:"calendar" doc:"days that are over, today, and those to come until nothing bounds them; empty in lists"`
}

// WarmupTarget is where a plan leads.
type WarmupTarget struct {
	PerDay int     `json:"per_day"`
	Date   *string `json:"date" example:"2026-12-21" doc:"when, if all goes well; null where the plan is held"`
}

// WarmupStanding is what a provider may think of a source.
type WarmupStanding struct {
	Standing   string   `json:"standing" enum:"GOOD,NEUTRAL,POOR"`
	Why        string   `json:"why" doc:"what decides: listed, noted, complaints, few, change; empty for nothing that speaks against it"`
	Reason     string   `json:"reason" doc:"all that is known, in words"`
	Change     float64  `json:"change" doc:"today's volume against the mean of thirty days, in percent"`
	Lists      []string `json:"lists" doc:"blocklists that have the address"`
	Asked      *int     `json:"lists_asked" doc:"how many lists proved to be alive and answered; null where none did or was asked"`
	Complaints *int64   `json:"complaints" doc:"in thirty days; null where nothing is known"`
	Delivered  *int64   `json:"complaints_of" doc:"about so many messages"`
}

// WarmupDay is a day of a plan.
type WarmupDay struct {
	Date      string `json:"date" example:"2026-11-22" doc:"of UTC"`
	Allowed   *int   `json:"allowed" doc:"the share of the day; null where nothing bounds it"`
	Used      *int   `json:"used" doc:"recipients that mail was let through to; this and the following are null for days to come"`
	Paced     *int64 `json:"paced" doc:"recipients for whom the plan put mail off"`
	Delivered *int   `json:"delivered" doc:"by the mail log"`
	Deferred  *int   `json:"deferred" doc:"put off by the provider for volume or reputation"`
	Refused   *int   `json:"refused" doc:"refused by the provider for volume or reputation"`
	Silences  *int   `json:"silences" doc:"how often the provider asked for silence"`
	State     string `json:"state" enum:"advanced,held,too-few,deferred,back,idle,finished,going,full,on-hold,silence,ahead,no-bound" doc:"what followed from a day that is over, what today is, or what is expected"`
}

// WarmupSource is a source address and what it sent, plan or none.
type WarmupSource struct {
	Source   string         `json:"source" doc:"empty where it is not known"`
	Today    int64          `json:"today" doc:"recipients today"`
	Paced    int64          `json:"paced" doc:"recipients for whom a plan put mail off today"`
	Mean     float64        `json:"mean" doc:"recipients a day in the thirty days before"`
	Standing WarmupStanding `json:"standing"`
}

// WarmupList is all plans, and all sources.
type WarmupList struct {
	Warmups []Warmup       `json:"warmups" doc:"by source and provider"`
	Sources []WarmupSource `json:"sources" doc:"addresses that mail went out from in thirty days, as the milter counted"`
}

// WarmupRequest begins a plan: a published one, or one to a target in some days or by a date.
type WarmupRequest struct {
	Source   string `json:"source" maxLength:"100" example:"192.0.2.1"`
	Provider string `json:"provider" maxLength:"50" example:"gmail" doc:"* for all without a plan of their own"`
	Table    string `json:"table,omitempty" enum:"generic,sendgrid,ses" doc:"a published plan"`
	Target   int    `json:"target,omitempty" minimum:"1" maximum:"100000000" doc:"messages a day to reach"`
	Days     int    `json:"days,omitempty" minimum:"1" maximum:"365" doc:"in so many days"`
	By       string `json:"by,omitempty" maxLength:"10" example:"2027-01-15" doc:"by this date"`
}

// WarmupChange holds, resumes or ends a plan.
type WarmupChange struct {
	State  string `json:"state" enum:"held,going,ended" doc:"held: it stays at today's share; going: it goes on; ended: nothing is bounded any more"`
	Reason string `json:"reason,omitempty" maxLength:"200" doc:"why it is held"`
}

// plans says why somebody has no plans: there are none to be had, or it is no administrator.
func (s *Service) plans(who panel.Who) error {
	switch {
	case s.Book == nil:
		return &Problem{Word: NotFound}
	case !who.Admin:
		return forAdministrators()
	}
	return nil
}

// Warmups lists plans and sources. NotFound where there are none to be had, Forbidden for others than administrators, as in the other methods.
func (s *Service) Warmups(ctx context.Context, who panel.Who, lang string) (*WarmupList, error) {
	if err := s.plans(who); err != nil {
		return nil, err
	}
	plans, err := s.Book.Plans(ctx, "")
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	sent, err := s.Book.Sent(ctx)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	out := &WarmupList{Warmups: make([]Warmup, 0, len(plans)), Sources: make([]WarmupSource, 0, len(sent))}
	for i := range plans {
		w := WarmupOf(&plans[i], knownLang(lang))
		w.Calendar = []WarmupDay{}
		out.Warmups = append(out.Warmups, w)
	}
	for i := range sent {
		v := &sent[i]
		out.Sources = append(out.Sources, WarmupSource{Source: v.Source, Today: v.Today, Paced: v.Paced, Mean: v.Mean, Standing: standingOf(v.Judged, knownLang(lang))})
	}
	return out, nil
}

// Warmup gives one plan with its calendar.
func (s *Service) Warmup(ctx context.Context, who panel.Who, source, provider, lang string) (*Warmup, error) {
	if err := s.plans(who); err != nil {
		return nil, err
	}
	v, err := s.Book.Plan(ctx, source, provider)
	if err != nil {
		return nil, warmupProblem(ctx, err)
	}
	out := WarmupOf(&v, knownLang(lang))
	return &out, nil
}

// BeginWarmup begins one, or gives one that is there another plan.
func (s *Service) BeginWarmup(ctx context.Context, who panel.Who, q WarmupRequest, lang string) (*Warmup, error) {
	if err := s.plans(who); err != nil {
		return nil, err
	}
	v, err := s.Book.Begin(ctx, warmup.Request(q))
	if err != nil {
		return nil, warmupProblem(ctx, err)
	}
	out := WarmupOf(&v, knownLang(lang))
	return &out, nil
}

// ChangeWarmup holds, resumes or ends one.
func (s *Service) ChangeWarmup(ctx context.Context, who panel.Who, source, provider string, q WarmupChange, lang string) (*Warmup, error) {
	out, err := s.Warmup(ctx, who, source, provider, lang)
	if err != nil {
		return nil, err
	}
	switch q.State {
	case "held":
		err = s.Book.Hold(ctx, source, provider, q.Reason)
	case "going":
		err = s.Book.Resume(ctx, source, provider)
	case "ended":
		err = s.Book.End(ctx, source, provider)
	default:
		err = invalid("state", "Choose held, going or ended.", "held、going、ended のいずれかを指定してください。")
	}
	if err != nil {
		return nil, warmupProblem(ctx, err)
	}
	if q.State == "ended" {
		out.State = "ended"
		return out, nil
	}
	return s.Warmup(ctx, who, source, provider, lang)
}

// warmupProblem gives the problem of an error of the book.
func warmupProblem(ctx context.Context, err error) error {
	var bad *warmup.Invalid
	switch {
	case errors.As(err, &bad):
		return &Problem{Word: Invalid, Field: bad.Field, Text: bad.Text}
	case errors.Is(err, warmup.ErrUnknown):
		return &Problem{Word: NotFound, cause: err}
	case errors.Is(err, store.ErrConflict):
		return &Problem{Word: Busy, RetryAfter: busyFor, cause: err}
	}
	return problemOf(ctx, err)
}

// WarmupOf makes the object of a plan.
func WarmupOf(v *warmup.View, lang string) Warmup {
	out := Warmup{
		Source: v.Source, Provider: v.Provider, ProviderName: warmup.ProviderName(v.Provider).In(lang), Plan: v.One.Plan, State: v.Now(), Days: len(v.Steps),
		Allowed: v.Allowed, Used: v.Today.Granted, Connections: v.Connections, Standing: standingOf(v.Judged, lang), Calendar: make([]WarmupDay, 0, len(v.Calendar)),
	}
	if !v.Over() {
		day := v.At + 1
		out.Day = &day
	}
	if v.Held {
		out.HeldBecause = &v.One.Why
	}
	if out.State == warmup.InQuiet {
		out.SilentUntil = &v.Silent
	}
	if v.Target != nil {
		out.Target = &WarmupTarget{PerDay: v.Target.PerDay, Date: v.Target.Date}
	}
	for _, d := range v.Calendar {
		out.Calendar = append(out.Calendar, WarmupDay(d))
	}
	return out
}

func standingOf(j warmup.Judged, lang string) WarmupStanding {
	j = j.In(lang)
	return WarmupStanding{
		Standing: string(j.Standing), Why: j.Why, Reason: j.Reason, Change: j.Change, Lists: append([]string{}, j.Lists...), Asked: j.Asked, Complaints: j.Complaints, Delivered: j.Delivered,
	}
}
