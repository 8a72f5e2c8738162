package parts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/todoku/todoku/message"
)

// TestOutline: every entity in its place, with what it holds.
func TestOutline(t *testing.T) {
	raw := strings.ReplaceAll(`MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=a

preamble
--a
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

caf=C3=A9
--b
Content-Type: text/html

<p>x
--b--
--a
Content-Type: application/zip
Content-Disposition: attachment; filename="=?utf-8?Q?=E8=A6=8B=E7=A9=8D.zip?="
Content-Transfer-Encoding: base64

UEsD BA==
--a--
`, "\n", "\r\n")
	c := Read(message.Parse([]byte(raw)))
	var got []string
	for _, e := range c.Outline {
		line := strings.Repeat(" ", e.Depth) + e.Type
		if e.Part >= 0 {
			p := c.Parts[e.Part]
			line += fmt.Sprintf(" %q %q %t", p.Data, p.Name, p.Attached)
		}
		got = append(got, line)
	}
	want := []string{
		"multipart/mixed", " multipart/alternative", `  text/plain "caf\u00e9" "" false`, `  text/html "<p>x" "" false`, ` application/zip "PK\x03\x04" "見積.zip" true`,
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "\\u00e9", "é")
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outline (-want +got):\n%s", d)
	}
	if !c.Multipart || len(c.Structure)+len(c.Encodings) > 0 {
		t.Errorf("%+v %+v", c.Structure, c.Encodings)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\r\n\r\nUEs=\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := Read(message.Parse(raw))
		for _, e := range c.Outline {
			if e.Depth > maxDepth || e.Part >= len(c.Parts) {
				t.Errorf("%+v of %d parts", e, len(c.Parts))
			}
		}
	})
}
