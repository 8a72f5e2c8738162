// Package said holds sentences that are made where something is found out, in English and Japanese side by side: reports
// of what was read, and errors that name what was being read. Whoever shows one chooses the language.
package said

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Text is a sentence in both languages; the zero value says nothing.
type Text struct{ EN, JA string }

// In gives the sentence in Japanese or English.
func (t Text) In(japanese bool) string {
	if japanese {
		return t.JA
	}
	return t.EN
}

// String is the English sentence.
func (t Text) String() string { return t.EN }

// New fills in two formats (see package fmt). Texts and errors among args appear in the language of the format. In the
// Japanese format, where the order differs, %[2]s names the second of args.
func New(en, ja string, args ...any) Text {
	return Text{fmt.Sprintf(strings.ReplaceAll(en, "%w", "%v"), args...), fmt.Sprintf(ja, inJapanese(args)...)}
}

func inJapanese(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case Text:
			out[i] = a.JA
		case error:
			out[i] = Japanese(a)
		default:
			out[i] = a
		}
	}
	return out
}

// problem is an error in both languages.
type problem struct {
	Text
	wraps []error
}

func (p *problem) Error() string   { return p.EN }
func (p *problem) Unwrap() []error { return p.wraps }

// Error is New as an error, which wraps the errors among args.
func Error(en, ja string, args ...any) error {
	p := &problem{Text: New(en, ja, args...)}
	for _, a := range args {
		if err, ok := a.(error); ok {
			p.wraps = append(p.wraps, err)
		}
	}
	return p
}

// Both reports that an error says itself in both languages: of another one Japanese tells little.
func Both(err error) bool {
	if _, ok := err.(interface{ Japanese() string }); ok {
		return true
	}
	var p *problem
	return errors.As(err, &p) && p.EN == err.Error()
}

// Japanese gives an error in Japanese: one that Error made, one that has a method Japanese, or one about a file. Of any other the program cannot say more in Japanese than
// that it could not be read; what it says in English follows.
func Japanese(err error) string {
	if own, ok := err.(interface{ Japanese() string }); ok {
		return own.Japanese()
	}
	var p *problem
	var file *fs.PathError
	switch {
	case errors.As(err, &p) && p.EN == err.Error():
		return p.JA
	case errors.As(err, &file):
		return file.Path + ": " + ofFile(file.Err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return ofFile(err) + " (" + err.Error() + ")"
	}
	return "読み取れません (" + err.Error() + ")"
}

func ofFile(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "ファイルが存在しません"
	case errors.Is(err, fs.ErrPermission):
		return "アクセス権がありません"
	}
	return Japanese(err)
}
