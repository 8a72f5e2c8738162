package dkim

import "github.com/todoku/todoku/message"

// maxSignedField is the longest field that is signed, in octets: longer ones are
// cut on the way (see longField), and the signature with them.
const maxSignedField = 58_000

// A recommended field (RFC 6376 section 5.4.1).
type recommended struct {
	name string
	// once: a message has at most one (RFC 5322 section 3.6); where it has one it is
	// listed a second time, so that nobody can add another (section 8.15).
	once bool
	// absent: listed even where the message has none, so that nobody can add one. Not so
	// the fields that mail servers add to mail that lacks them: Date, Message-ID, To.
	absent bool
}

var recommendedFields = []recommended{
	{"From", true, true}, {"Sender", true, false}, {"Reply-To", true, true}, {"To", true, false}, {"Cc", true, true},
	{"Subject", true, true}, {"Date", true, false}, {"Message-ID", true, false},
	{"In-Reply-To", true, true}, {"References", true, true},
	{"MIME-Version", true, true}, {"Content-Type", true, true}, {"Content-Transfer-Encoding", true, true},
	{"Content-ID", true, false}, {"Content-Description", true, false}, {"Content-Language", true, false},
	{"Resent-Date", false, false}, {"Resent-From", false, false}, {"Resent-Sender", false, false}, {"Resent-To", false, false},
	{"Resent-Cc", false, false}, {"Resent-Message-ID", false, false},
	// RFC 8058 section 4: both must be covered for one-click unsubscription.
	{"List-Unsubscribe", true, false}, {"List-Unsubscribe-Post", true, false},
	{"List-Id", true, false}, {"List-Help", true, false}, {"List-Subscribe", true, false}, {"List-Post", true, false},
	{"List-Owner", true, false}, {"List-Archive", true, false},
	{"Feedback-ID", true, false}, {"Auto-Submitted", true, false},
}

// RecommendedHeaders gives the h= that Sign uses when it is told none: the fields
// of the message that carry its meaning, those that must be single listed once more
// than they occur. Fields that change on the way (Return-Path, Received,
// Authentication-Results, ARC-*, DKIM-Signature) or must vanish (Bcc) are not among
// them, nor any with a field longer than mail servers carry whole.
func RecommendedHeaders(fields []message.Field) []string {
	names := make([]string, 0, 32)
	for _, r := range recommendedFields {
		n, fits := count(fields, r.name)
		if !fits {
			continue
		}
		if n > 0 && r.once || n == 0 && r.absent {
			n++
		}
		for range min(n, maxHeaderNames/len(recommendedFields)) {
			names = append(names, r.name)
		}
	}
	return names
}

// count counts the fields of a name; fits is false when one is too long to be signed.
func count(fields []message.Field, name string) (n int, fits bool) {
	for i := range fields {
		if fields[i].Is(name) {
			if len(fields[i].Raw) > maxSignedField {
				return 0, false
			}
			n++
		}
	}
	return n, true
}
