package store

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/todoku/todoku/internal/evidence"
	"github.com/todoku/todoku/internal/pgtest"
)

const benchSize = 2 << 10 // octets of a small message

// BenchmarkAddMessage is the durable writing of small messages by 64 concurrent
// callers, who share commits.
func BenchmarkAddMessage(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchAdd(b, openTest(b, b.TempDir()+"/todoku.db"), 32) })
	b.Run("sqlite-one-caller", func(b *testing.B) { benchAdd(b, openTest(b, b.TempDir()+"/todoku.db"), 0) })
	b.Run("postgres", func(b *testing.B) { benchAdd(b, openTest(b, pgtest.Start(b).Database(b)), 32) })
}

func benchAdd(b *testing.B, s *Store, parallelism int) {
	raw := bytes.Repeat([]byte("0123456789abcdef"), benchSize/16)
	add := func() {
		session := sample().Evidence.Session
		if err := s.AddMessage(ctx, &Message{Evidence: evidence.Bundle{Session: session, Message: raw}}); err != nil {
			b.Error(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	if parallelism == 0 {
		for b.Loop() {
			add()
		}
	} else {
		b.SetParallelism(parallelism)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				add()
			}
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
}

// BenchmarkAddMessageFloor writes the same octets to a bare file, with one fsync
// for each (what one caller could reach at best) and for each 64.
func BenchmarkAddMessageFloor(b *testing.B) {
	for name, share := range map[string]int{"fsync-each": 1, "fsync-each-64": 64} {
		b.Run(name, func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "log"))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			raw := make([]byte, benchSize)
			for n := 0; b.Loop(); n++ {
				if _, err := f.Write(raw); err != nil {
					b.Fatal(err)
				}
				if n%share == 0 {
					if err := f.Sync(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}
