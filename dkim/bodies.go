package dkim

import "github.com/todoku/todoku/internal/wire"

// Bodies computes the body hashes that signatures want, once each: for verifiers
// and signers that share the body of one message, or stream it.
type Bodies = wire.Bodies

// NewBodies gives an empty set.
func NewBodies() *Bodies { return wire.NewBodies() }

// Canonicalization is an algorithm of RFC 6376 section 3.4.
type Canonicalization = wire.Canonicalization

// The two algorithms; Simple is the default of both halves.
const (
	Simple  = wire.Simple
	Relaxed = wire.Relaxed
)
