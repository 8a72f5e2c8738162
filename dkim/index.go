package dkim

import (
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// newIndex indexes the fields of a header for what its signatures sign.
func newIndex(fields []message.Field) *wire.Index {
	return wire.NewIndex(len(fields), func(i int) []byte { return fields[i].Raw })
}
