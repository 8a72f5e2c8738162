package check

import (
	"fmt"
	"strings"

	"github.com/todoku/todoku/dns"
)

// ParseWhatIf reads records, "NAME TYPE DATA" or with the type put first, as changes
// that publish them: together, those of one name and type take the place of what is
// there. The error names the record and says what is wrong with it.
func ParseWhatIf(texts []string) ([]dns.Change, error) {
	var records []dns.Record
	for _, t := range texts {
		r, err := parseRecord(t)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", clipped(t), err)
		}
		if name := strings.Trim(r.Name, "."); !strings.Contains(name, ".") {
			return nil, fmt.Errorf("%q: %q is no complete name: write the domain too", clipped(t), clipped(name))
		}
		records = append(records, r)
	}
	changes := dns.WhatIf(records)
	for _, c := range changes {
		if err := c.Validate(); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// parseRecord reads a record in master-file form, or with its type put first, as many
// say it: "TXT example.com v=spf1 -all".
func parseRecord(text string) (dns.Record, error) {
	r, err := dns.ParseRR(text)
	if err == nil {
		return r, nil
	}
	words := strings.SplitN(strings.TrimSpace(text), " ", 3)
	if len(words) < 3 {
		return r, err
	}
	if _, notType := dns.ParseType(words[0]); notType != nil {
		return r, err
	}
	swapped, swapErr := dns.ParseRR(words[1] + " " + words[0] + " " + words[2])
	if swapErr != nil {
		return r, err
	}
	return swapped, nil
}

func clipped(s string) string {
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "..."
	}
	return s
}
