package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Volume is how much mail of one kind went out on a day.
type Volume struct {
	Day      string `json:"day"`    // of UTC: 2026-11-26
	Source   string `json:"source"` // "": not known
	Provider string `json:"provider"`
	Author   string `json:"author,omitempty"` // the domain of From, "*" for more than are counted
	Messages int64  `json:"messages"`         // recipients that mail went to
	Paced    int64  `json:"paced"`            // recipients for whom it was put off by a plan
}

// maxVolumeRows bounds the rows of one day; what is above is counted under the author "*".
const maxVolumeRows = 20_000

// AddVolume adds to what is counted, all in one transaction.
func (s *Store) AddVolume(ctx context.Context, list []Volume) error {
	return s.addVolume(ctx, list, maxVolumeRows)
}

func (s *Store) addVolume(ctx context.Context, list []Volume, most int64) error {
	err := s.committer.do(ctx, 100*len(list), func(ctx context.Context, q querier) error { return addVolume(ctx, q, list, most) })
	if err != nil {
		return fmt.Errorf("counting volume: %w", err)
	}
	return nil
}

func addVolume(ctx context.Context, q querier, list []Volume, most int64) error {
	rows := map[string]int64{} // by day, once it was counted
	// Always in one order, lest two who count at one time wait for each other.
	list = slices.SortedFunc(slices.Values(list), func(a, b Volume) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Author, b.Author))
	})
	for _, v := range list {
		if err := addOne(ctx, q, v, rows, most); err != nil {
			return err
		}
	}
	return nil
}

func addOne(ctx context.Context, q querier, v Volume, rows map[string]int64, most int64) error {
	n, err := q.exec(ctx, `UPDATE volume SET messages = messages + $5, paced = paced + $6 WHERE day = $1 AND source = $2 AND provider = $3 AND author = $4`,
		text(v.Day), text(v.Source), text(v.Provider), text(v.Author), v.Messages, v.Paced)
	if err != nil || n > 0 {
		return err
	}
	if _, known := rows[v.Day]; !known {
		var count int64
		if err := q.queryRow(ctx, `SELECT count(*) FROM volume WHERE day = $1`, text(v.Day)).Scan(&count); err != nil {
			return err
		}
		rows[v.Day] = count
	}
	author := v.Author
	if rows[v.Day] >= most {
		author = "*"
	}
	rows[v.Day]++
	_, err = q.exec(ctx, `INSERT INTO volume (day, source, provider, author, messages, paced) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (day, source, provider, author) DO UPDATE SET messages = volume.messages + $5, paced = volume.paced + $6`,
		text(v.Day), text(v.Source), text(v.Provider), text(author), v.Messages, v.Paced)
	return err
}

// VolumeSince gives what went out since a day, by day, source and provider.
func (s *Store) VolumeSince(ctx context.Context, day string) ([]Volume, error) {
	list, err := collect(ctx, s.db.reader(), func(r row) (v Volume, err error) {
		return v, r.Scan(&v.Day, &v.Source, &v.Provider, &v.Messages, &v.Paced)
	}, `SELECT day, source, provider, CAST(sum(messages) AS BIGINT), CAST(sum(paced) AS BIGINT) FROM volume WHERE day >= $1
		GROUP BY day, source, provider ORDER BY day, source, provider`, text(day))
	if err != nil {
		return nil, fmt.Errorf("volume: %w", s.db.translate(err))
	}
	return list, nil
}

// pruneVolume forgets days before one.
func pruneVolume(day string) func(context.Context, querier) (int64, error) {
	return func(ctx context.Context, q querier) (int64, error) {
		var first string // a day at a time
		if err := q.queryRow(ctx, `SELECT COALESCE(min(day), '9999') FROM volume`).Scan(&first); err != nil || first >= day {
			return 0, err
		}
		return q.exec(ctx, `DELETE FROM volume WHERE day = $1`, first)
	}
}
