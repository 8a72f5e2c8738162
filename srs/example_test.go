package srs_test

import (
	"fmt"
	"time"

	"github.com/todoku/todoku/srs"
)

func Example() {
	r, err := srs.New(srs.Config{Domains: []string{"fwd.example"}, Secrets: [][]byte{[]byte("a secret of the forwarder")}})
	if err != nil {
		panic(err)
	}
	now := time.Date(2026, 11, 6, 12, 0, 0, 0, time.UTC)
	sender, err := r.Forward("user@example.com", now)
	if err != nil {
		panic(err)
	}
	bounce, err := r.Reverse(sender, now.Add(48*time.Hour))
	fmt.Println(len(sender), bounce, err)
	// Output: 41 user@example.com <nil>
}
