package store

import (
	"encoding/json"
	"fmt"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/evidence"
)

// evidenceJSON gives the stored form of the two structured parts of a bundle.
func evidenceJSON(b *evidence.Bundle) (session, answers string, err error) {
	s, err := json.Marshal(b.Session)
	if err != nil {
		return "", "", fmt.Errorf("its session: %w", err)
	}
	a := b.DNS
	if a == nil {
		a = []dns.Answer{}
	}
	d, err := json.Marshal(a)
	if err != nil {
		return "", "", fmt.Errorf("its DNS answers: %w", err)
	}
	return string(s), string(d), nil
}

// opinionsJSON is the stored form of what spam filters said, "" for nothing.
func opinionsJSON(list []evidence.Opinion) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	data, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("what spam filters said: %w", err)
	}
	return string(data), nil
}

// readEvidence reads back what evidenceJSON and opinionsJSON wrote.
func readEvidence(e *evidence.Bundle, session, answers, opinions string) error {
	if err := json.Unmarshal([]byte(session), &e.Session); err != nil {
		return fmt.Errorf("reading its session: %w", err)
	}
	if err := json.Unmarshal([]byte(answers), &e.DNS); err != nil {
		return fmt.Errorf("reading its DNS answers: %w", err)
	}
	if opinions != "" {
		if err := json.Unmarshal([]byte(opinions), &e.Opinions); err != nil {
			return fmt.Errorf("reading what spam filters said: %w", err)
		}
	}
	return nil
}
