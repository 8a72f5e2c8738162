package service

import (
	"context"
	"net/netip"
	"time"

	"github.com/todoku/todoku/internal/live"
	"github.com/todoku/todoku/internal/store"
)

// WaitRequest waits for the verdict of a test.
type WaitRequest struct {
	Token string
	// After is the id of a message that is known already: another one is waited for.
	After string
	// Wait is for how long; 0 looks once, more than MaxWait is MaxWait.
	Wait time.Duration
	Lang string
	Base string
}

// Wait gives the verdict of the newest message of a test as soon as it is there, or how
// far it has come when the wait is over.
func (s *Service) Wait(ctx context.Context, q WaitRequest) (*Verdict, error) {
	if err := s.needStore(); err != nil {
		return nil, err
	}
	m, err := s.Store.Mailbox(ctx, q.Token)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	// The subscription begins before the first look at the store, so that nothing falls between the two.
	events, cancel := s.Hub.Subscribe(m.Token, netip.Addr{})
	defer cancel()
	if q.Wait > 0 {
		err = s.wait(ctx, m.Token, q.After, min(q.Wait, MaxWait), events)
		if err != nil {
			return nil, problemOf(ctx, err)
		}
	}
	newest, err := s.newest(ctx, m.Token, q.After)
	if err != nil {
		return nil, problemOf(ctx, err)
	}
	if newest == nil {
		return &Verdict{State: StateWaiting}, nil
	}
	sum := summary(newest, q.Base)
	out := &Verdict{State: sum.State, Message: &sum}
	if sum.State != StateVerified {
		return out, nil
	}
	out.Verdict, err = s.Message(ctx, MessageRequest{ID: newest.ID, Lang: q.Lang})
	return out, err
}

// wait returns when the newest message has its verdict or the time is over.
func (s *Service) wait(ctx context.Context, token, after string, atMost time.Duration, events <-chan live.Event) error {
	over := time.NewTimer(atMost)
	defer over.Stop()
	poll := time.NewTicker(s.pollEvery) // events of another node do not come here
	defer poll.Stop()
	for {
		m, err := s.newest(ctx, token, after)
		if err != nil || m != nil && m.State == store.Verified {
			return err
		}
		if done, err := nextLook(ctx, over.C, poll.C, events); done || err != nil {
			return err
		}
	}
}

// nextLook returns when there is reason to look at the store again, or none to wait any longer.
func nextLook(ctx context.Context, over, poll <-chan time.Time, events <-chan live.Event) (done bool, err error) {
	for {
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case <-over:
			return true, nil
		case <-poll:
			return false, nil
		case e := <-events:
			if e.Kind == "verified" {
				return false, nil
			}
		}
	}
}

// newest is the newest message of a test, nil where there is none or it is the known one.
func (s *Service) newest(ctx context.Context, token, after string) (*store.Message, error) {
	list, err := s.Store.MessagesFor(ctx, token, 1)
	if err != nil || len(list) == 0 || list[0].ID == after {
		return nil, err
	}
	return &list[0], nil
}
