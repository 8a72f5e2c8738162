package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Complaint is how many recipients complained of mail of one kind on a day.
type Complaint struct {
	Day      string `json:"day"`              // of UTC: 2026-11-26, when the complaints arrived
	Domain   string `json:"domain,omitempty"` // the domain of From, "*" for more than are counted
	Source   string `json:"source"`           // the address that the mail went out from; "": not known
	Provider string `json:"provider"`         // an id of package provider, "*" for everybody else
	// Complaints are recipients who complained.
	Complaints int64 `json:"complaints"`
	// Delivered are recipients that the same reports (those of a sending service) say the mail of that day was delivered to. 0: they do
	// not say; what the milter counted (VolumeSince) is what complaints are held against then.
	Delivered int64 `json:"delivered"`
}

// maxComplaintRows bounds the rows of one day; what is above is counted under the domain "*".
const maxComplaintRows = 20_000

// AddComplaints adds to what is counted, all in one transaction.
func (s *Store) AddComplaints(ctx context.Context, list []Complaint) error {
	return s.addComplaints(ctx, list, maxComplaintRows)
}

func (s *Store) addComplaints(ctx context.Context, list []Complaint, most int64) error {
	err := s.committer.do(ctx, 100*len(list), func(ctx context.Context, q querier) error { return addComplaints(ctx, q, list, most) })
	if err != nil {
		return fmt.Errorf("counting complaints: %w", err)
	}
	return nil
}

func addComplaints(ctx context.Context, q querier, list []Complaint, most int64) error {
	rows := map[string]int64{}                                               // by day, once it was counted
	list = slices.SortedFunc(slices.Values(list), func(a, b Complaint) int { // as addVolume does
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Domain, b.Domain))
	})
	for _, c := range list {
		if err := addComplaint(ctx, q, c, rows, most); err != nil {
			return err
		}
	}
	return nil
}

func addComplaint(ctx context.Context, q querier, c Complaint, rows map[string]int64, most int64) error {
	n, err := q.exec(ctx, `UPDATE complaints SET complaints = complaints + $5, delivered = delivered + $6 WHERE day = $1 AND source = $2 AND provider = $3 AND domain = $4`,
		text(c.Day), text(c.Source), text(c.Provider), text(c.Domain), c.Complaints, c.Delivered)
	if err != nil || n > 0 {
		return err
	}
	if _, known := rows[c.Day]; !known {
		var count int64
		if err := q.queryRow(ctx, `SELECT count(*) FROM complaints WHERE day = $1`, text(c.Day)).Scan(&count); err != nil {
			return err
		}
		rows[c.Day] = count
	}
	domain := c.Domain
	if rows[c.Day] >= most {
		domain = "*"
	}
	rows[c.Day]++
	_, err = q.exec(ctx, `INSERT INTO complaints (day, domain, source, provider, complaints, delivered) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (day, source, provider, domain) DO UPDATE SET complaints = complaints.complaints + $5, delivered = complaints.delivered + $6`,
		text(c.Day), text(domain), text(c.Source), text(c.Provider), c.Complaints, c.Delivered)
	return err
}

// Complaints gives what came since a day, by day, source and provider; Domain is "".
func (s *Store) Complaints(ctx context.Context, day string) ([]Complaint, error) {
	return s.complaints(ctx, `SELECT day, '', source, provider, CAST(sum(complaints) AS BIGINT), CAST(sum(delivered) AS BIGINT) FROM complaints WHERE day >= $1
		GROUP BY day, source, provider ORDER BY day, source, provider`, text(day))
}

func (s *Store) complaints(ctx context.Context, query string, args ...any) ([]Complaint, error) {
	list, err := collect(ctx, s.db.reader(), func(r row) (c Complaint, err error) {
		return c, r.Scan(&c.Day, &c.Domain, &c.Source, &c.Provider, &c.Complaints, &c.Delivered)
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("complaints: %w", s.db.translate(err))
	}
	return list, nil
}

// pruneComplaints forgets days before one.
func pruneComplaints(day string) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		var first string // a day at a time
		if err := q.queryRow(ctx, `SELECT COALESCE(min(day), '9999') FROM complaints`).Scan(&first); err != nil || first >= day {
			return 0, err
		}
		return q.exec(ctx, `DELETE FROM complaints WHERE day = $1`, first)
	}
}

// takeEvents says which of some events were not taken before, in their order, and that they are taken now, until a time after which they
// cannot come again. What is given twice is new once. Two nodes that take one at the same time: one of them has it.
func takeEvents(ctx context.Context, q querier, ids []string, expires time.Time) (fresh []string, err error) {
	for _, id := range ids {
		n, err := q.exec(ctx, `INSERT INTO taken_events (id, expires) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, text(id), millis(expires))
		if err != nil {
			return nil, err
		}
		if n > 0 {
			fresh = append(fresh, id)
		}
	}
	return fresh, nil
}

func pruneTakenEvents(now time.Time) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		return q.exec(ctx, `DELETE FROM taken_events WHERE id IN (SELECT id FROM taken_events WHERE expires <= $1 LIMIT $2)`, millis(now), pruneRows)
	}
}
