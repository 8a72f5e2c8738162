package service

import (
	"bytes"
	"context"
	"time"

	"github.com/todoku/todoku/internal/panel"
	"github.com/todoku/todoku/internal/store"
)

// Forward says where mail to an address goes.
type Forward struct {
	Address string     `json:"address" example:"info@example.com" doc:"@example.com for all others of the domain"`
	To      []string   `json:"to" doc:"its destinations"`
	Keep    bool       `json:"keep" doc:"whether the mailbox of the address here gets the mail too"`
	Changed *time.Time `json:"changed" doc:"null for one that was taken away"`
}

// ForwardList is a page of them.
type ForwardList struct {
	Forwards []Forward     `json:"forwards" doc:"by address"`
	Next     *string       `json:"next" doc:"what to send as after for the next page; null at the end"`
	Server   ForwardServer `json:"server"`
}

// ForwardServer is what the server does for mail that is forwarded; null where it is not known, as the mail flow is elsewhere.
type ForwardServer struct {
	Served *bool   `json:"served" doc:"whether the mail server can ask this program for forwarding addresses"`
	SRS    *bool   `json:"srs" doc:"whether the envelope sender is rewritten: else SPF fails at the next server"`
	ARC    *string `json:"arc" doc:"the domain that seals forwarded mail; empty for none"`
}

// ForwardRequest says where mail to an address is to go. Without destinations and keep it is forwarded no longer.
type ForwardRequest struct {
	Address string   `json:"address" maxLength:"320" example:"info@example.com" doc:"the address, or what stands before its @; @example.com for all others of the domain"`
	To      []string `json:"to,omitempty" maxItems:"20" doc:"its destinations" nullable:"false"`
	Keep    bool     `json:"keep,omitempty" doc:"the mailbox of the address here gets the mail too"`
}

// Forwards lists those of a domain.
func (s *Service) Forwards(ctx context.Context, who panel.Who, name, after string, limit int) (*ForwardList, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	list, next, err := s.Panel.Forwards(ctx, who, name, after, limit)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	out := &ForwardList{Forwards: make([]Forward, 0, len(list)), Next: nonEmpty(next)}
	if f := s.Panel.Forwarding; f != nil {
		out.Server = ForwardServer{Served: &f.Served, SRS: &f.SRS, ARC: &f.SealDomain}
	}
	for i := range list {
		out.Forwards = append(out.Forwards, forwardOf(&list[i]))
	}
	return out, nil
}

// SetForward says where mail to an address of a domain goes.
func (s *Service) SetForward(ctx context.Context, who panel.Who, name string, q ForwardRequest) (*Forward, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	f, err := s.Panel.SetForward(ctx, who, name, panel.ForwardRequest(q))
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	out := forwardOf(&f)
	return &out, nil
}

// ExportForwards writes those of all domains that one may see as CSV.
func (s *Service) ExportForwards(ctx context.Context, who panel.Who) ([]byte, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	var b bytes.Buffer
	if err := s.Panel.ExportForwards(ctx, who, &b); err != nil {
		return nil, domainProblem(ctx, err)
	}
	return b.Bytes(), nil
}

// ImportForwards takes those of a CSV file, all or none; dry only says what it would do.
func (s *Service) ImportForwards(ctx context.Context, who panel.Who, file []byte, dry bool) (*DomainsImported, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	done, err := s.Panel.ImportForwards(ctx, who, bytes.NewReader(file), dry)
	if err != nil {
		return nil, domainProblem(ctx, err)
	}
	return &DomainsImported{Made: done.Made, Changed: done.Changed, Same: done.Same, DryRun: dry}, nil
}

func forwardOf(f *store.Forward) Forward {
	return Forward{Address: f.Address(), To: append([]string{}, f.Targets...), Keep: f.Keep, Changed: momentOf(f.Changed)}
}

// LookAtKeys asks the name servers of a domain about its keys now.
func (s *Service) LookAtKeys(ctx context.Context, who panel.Who, name string, words []string, lang string) (*DomainDetail, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	if err := s.Panel.Look(ctx, who, name); err != nil {
		return nil, domainProblem(ctx, err)
	}
	return s.Domain(ctx, who, name, words, lang)
}

// ActOnKey rotates a key of a domain, takes a rotation back or takes the key out of use.
func (s *Service) ActOnKey(ctx context.Context, who panel.Who, name, id, action string, words []string, lang string) (*DomainDetail, error) {
	if s.Panel == nil {
		return nil, noPanel()
	}
	if err := s.Panel.Act(ctx, who, name, id, panel.KeyAction(action)); err != nil {
		return nil, domainProblem(ctx, err)
	}
	return s.Domain(ctx, who, name, words, lang)
}
