package evidence

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Format is the format word of a bundle file.
const Format = "todoku-evidence"

// MaxBundle is the largest bundle file that Decode reads, in octets: a message of
// 64 MiB in base64 with its DNS answers.
const MaxBundle = 96 << 20

// ErrNotBundle is wrapped by Decode's errors for input that is no bundle this program can read.
var ErrNotBundle = errors.New("not a Todoku evidence bundle")

// Encode writes the bundle as one JSON object, its message in base64.
func Encode(w io.Writer, b *Bundle) error {
	out := *b
	out.Format = Format
	if out.Version == 0 {
		out.Version = BundleVersion
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(&out); err != nil {
		return fmt.Errorf("writing the evidence bundle: %w", err)
	}
	return nil
}

// Decode reads a bundle. It refuses other formats, newer versions and more than MaxBundle octets.
func Decode(r io.Reader) (*Bundle, error) {
	limited := &io.LimitedReader{R: r, N: MaxBundle + 1}
	var b Bundle
	d := json.NewDecoder(limited)
	if err := d.Decode(&b); err != nil {
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: it is larger than %d MiB", ErrNotBundle, MaxBundle>>20)
		}
		return nil, fmt.Errorf("%w: %v", ErrNotBundle, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something stands behind its end", ErrNotBundle)
	}
	if b.Format != Format {
		return nil, fmt.Errorf("%w: its \"format\" is %q, not %q", ErrNotBundle, b.Format, Format)
	}
	if b.Version < 1 || b.Version > BundleVersion {
		return nil, fmt.Errorf("%w: it has version %d and this program reads up to %d: use a newer Todoku", ErrNotBundle, b.Version, BundleVersion)
	}
	if b.Time.IsZero() {
		// Without the time of the verdict no signature would ever expire.
		return nil, fmt.Errorf("%w: it does not say its time", ErrNotBundle)
	}
	return &b, nil
}
