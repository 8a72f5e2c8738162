package judge

import (
	"archive/zip"
	"bytes"
	"path"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// Limits that providers print or are known for, in octets.
const (
	gmailMessage = 25 << 20  // Gmail: 552 5.3.4
	gmailClip    = 102 << 10 // Gmail shows no more of the HTML without a click
)

// structure judges the MIME structure, size and attachments.
func (c *verdict) structure() {
	_, version := c.Message.First("MIME-Version")
	_, typed := c.Message.First("Content-Type")
	_, encoded := c.Message.First("Content-Transfer-Encoding")
	if !version && (typed || encoded) {
		c.add("message.mime-version-missing", c.author(), nil)
	}
	c.addIf("message.mime-structure", c.content.Structure)
	c.addIf("message.transfer-encoding", c.content.Encodings)
	if n := len(c.Message.Raw); n > gmailMessage {
		c.add("message.too-large", c.author(), args{"size": itoa(n >> 20)}, itoa(n)+" octets")
	}
	c.attachments()
}

// blockedTypes are the file types that Gmail refuses (552 5.7.0), from its help page
// support.google.com/mail/answer/6590.
var blockedTypes = wordSet(`ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta img
	ins iso isp jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr sct shb sys vb vbe vbs vhd vxd wsc wsf wsh xll`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

func blocked(name string) bool {
	return blockedTypes[strings.TrimPrefix(strings.ToLower(path.Ext(strings.TrimRight(name, ". "))), ".")]
}

func (c *verdict) attachments() {
	var refused, encrypted []string
	for i := range c.content.Parts {
		p := &c.content.Parts[i]
		if p.Name != "" && blocked(p.Name) {
			refused = note(refused, p.Name)
		}
		if !bytes.HasPrefix(p.Data, []byte("PK\x03\x04")) {
			continue
		}
		locked, names := zipped(p.Data)
		if locked {
			encrypted = note(encrypted, p.Name+" ("+p.Type+")")
		}
		for _, n := range names {
			if blocked(n) {
				refused = note(refused, p.Name+": "+n)
			}
		}
	}
	c.addIf("message.blocked-attachment", refused)
	c.addIf("message.encrypted-attachment", encrypted)
}

// zipped reports whether a ZIP file has encrypted members, and gives names within it, at most 200.
// Of a file that was not decoded whole only the first member is seen.
func zipped(data []byte) (locked bool, names []string) {
	const flagEncrypted = 1
	if len(data) > 8 && data[6]&flagEncrypted != 0 {
		locked = true
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return locked, nil
	}
	for i, f := range r.File {
		if i == 200 {
			break
		}
		locked = locked || f.Flags&flagEncrypted != 0
		names = append(names, f.Name)
	}
	return locked, names
}
