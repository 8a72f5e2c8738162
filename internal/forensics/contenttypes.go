package forensics

import (
	"strings"

	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/message"
)

var charsetParam = pattern.New(`(?i)(;\s*charset\s*=\s*)("?)([A-Za-z0-9_-]+)("?)`)

var anyParam = pattern.New(`;\s*[A-Za-z0-9*-]+\s*=\s*("[^"]*"|[^;"\s]*)`)

var quotedParam = pattern.New(`=\s*"([A-Za-z0-9_.+'-]+)"`)

var plainParam = pattern.New(`=([^";\s]+)`)

// contentTypes gives what Content-Type may have been: with other quotes and charsets, without a
// parameter, with one that relays drop, that of a part of a new multipart, or of the plainest text.
func contentTypes(m *message.Message, s string) (out []string) {
	if len(s) > 1024 {
		return nil
	}
	e := entity{fields: m.Fields, body: m.Body}
	if len(m.Body) <= maxBody {
		for _, p := range e.parts() {
			if v := parseEntity(e.body[p.from:p.to]).value("Content-Type"); v != "" && len(v) < 1024 {
				plain := quotedParam.ReplaceAllString(v, "=$1")
				out = append(out, v, plain, charsetParam.ReplaceAllStringFunc(plain, upperValue), plainParam.ReplaceAllString(v, `="$1"`))
			}
		}
	}
	out = append(out,
		quotedParam.ReplaceAllString(s, "=$1"), plainParam.ReplaceAllString(s, `="$1"`),
		strings.ReplaceAll(s, "; ", ";"), strings.TrimRight(s, "; "), s+";",
		anyParam.ReplaceAllString(s, ""),
	)
	for _, cs := range []string{"utf-8", "UTF-8", "us-ascii", "US-ASCII", "iso-2022-jp", "ISO-2022-JP", "Shift_JIS", "shift_jis", "EUC-JP", "iso-8859-1", "ISO-8859-1", "windows-1252"} {
		out = append(out, charsetParam.ReplaceAllString(s, "${1}"+cs), charsetParam.ReplaceAllString(s, `${1}"`+cs+`"`))
	}
	for _, more := range []string{"; format=flowed", "; format=flowed; delsp=yes", "; charset=utf-8", "; charset=us-ascii", `; charset="utf-8"`, "; charset=UTF-8", "; reply-type=original"} {
		out = append(out, s+more)
	}
	for _, p := range anyParam.FindAllString(s, 8) {
		out = append(out, strings.Replace(s, p, "", 1))
	}
	for _, t := range []string{"text/plain", "text/html"} {
		out = append(out, t, t+"; charset=utf-8", t+"; charset=UTF-8", t+`; charset="utf-8"`, t+`; charset="UTF-8"`, t+"; charset=us-ascii", t+"; charset=iso-2022-jp", t+"; charset=ISO-2022-JP")
	}
	return out
}

// upperValue writes the value of a parameter in capitals.
func upperValue(param string) string {
	i := strings.IndexByte(param, '=') + 1
	return param[:i] + strings.ToUpper(param[i:])
}
