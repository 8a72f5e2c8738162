package judge

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/todoku/todoku/dkim"
	"github.com/todoku/todoku/dmarc"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/wire"
	"github.com/todoku/todoku/message"
)

// freemail are the domains of mailboxes for everybody: nobody else may write their names into
// From. Those of Gmail are quarantined by its own DMARC policy (support.google.com/a/answer/81126).
var freemail = wordSet(`gmail.com googlemail.com yahoo.com ymail.com rocketmail.com aol.com aim.com yahoo.co.jp ybb.ne.jp
	outlook.com outlook.jp hotmail.com hotmail.co.jp live.com live.jp msn.com icloud.com me.com mac.com
	docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp mail.ru yandex.ru qq.com 163.com 126.com naver.com
	gmx.de gmx.net web.de orange.fr wanadoo.fr free.fr libero.it proton.me protonmail.com`)

// freemail: mail in the name of such a domain that the domain did not send.
func (c *verdict) freemail() {
	if !freemail[c.from] || c.passes() || c.signedBy(c.from) {
		return
	}
	a := args{"domain": c.from}
	f := c.add("message.freemail-from", c.from, a, "From: "+c.from)
	switch d := c.Auth.DMARC; {
	case d.Result == dmarc.TempError || !c.Auth.SPFChecked:
		f.Status = catalogue.Unknown // the envelope might still show that it is genuine
	case c.from == "gmail.com" || c.from == "googlemail.com":
	case d.Policy != dmarc.PolicyReject && d.Policy != dmarc.PolicyQuarantine:
		f.Status = catalogue.Warn
	}
}

// signedBy reports a signature of a domain with a key of it, though it does not hold: the domain
// probably sent the message, and something changed it.
func (c *verdict) signedBy(domain string) bool {
	return slices.ContainsFunc(c.Auth.DKIM, func(v dkim.Verdict) bool {
		return v.Signature != nil && v.Signature.Domain == domain && v.Key != nil
	})
}

var (
	addressInName = pattern.New(`[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)`)
	countInName   = pattern.New(`\([0-9]{1,3}\)\s*$`)
	viaList       = pattern.New(`(?i)\svia\s|経由`)
)

// displayName judges the name beside the author's address.
func (c *verdict) displayName() {
	_, mailboxes, err := c.Message.AuthorDomain()
	if err != nil || len(mailboxes) == 0 {
		return
	}
	name := mailboxes[0].Display
	if name == "" {
		return
	}
	shown := "From: " + clip(name) + " <" + clip(mailboxes[0].String()) + ">"
	if a := addressInName.FindStringSubmatch(name); a != nil && !viaList.MatchString(name) && orgDomain(strings.ToLower(a[1])) != orgDomain(mailboxes[0].Domain) {
		c.add("message.display-name-spoof", c.author(), args{"other": clip(strings.ToLower(a[1]))}, shown)
		return
	}
	var why []string
	if countInName.MatchString(name) {
		why = append(why, "a number in brackets at its end, as a thread's count of messages")
	}
	if strings.ContainsFunc(name, badge) {
		why = append(why, "a picture that may be taken for a badge")
	}
	if l := strings.ToLower(name); (l == "gmail" || strings.Contains(l, "gmail.com")) && !freemail[mailboxes[0].Domain] {
		why = append(why, "the name of Gmail")
	}
	if c.recipientNamed(name) {
		why = append(why, "the name of the recipient")
	}
	status := catalogue.Info
	if strings.ContainsFunc(name, unseen) {
		why, status = append(why, "characters that are not seen, turn the direction of the text, or cannot be shown"), catalogue.Warn
	}
	if slices.ContainsFunc(strings.Fields(name), scriptsMixed) {
		why, status = append(why, "letters of several scripts, which look alike, in one word"), catalogue.Warn
	}
	if len(why) > 0 {
		f := c.add("message.display-name", c.author(), nil, append([]string{shown}, why...)...)
		f.Status = status
	}
}

// unseen reports characters that no name needs and that hide how it is written: zero-width spaces,
// and those that turn the direction of the text, which message.DisplaySafe has replaced by U+FFFD.
func unseen(r rune) bool {
	return r == 0x200b || r == 0x2060 || r == 0xfeff || r == 0xad || r == 0xfffd
}

// badge reports characters that imitate a verified mark.
func badge(r rune) bool {
	return strings.ContainsRune("✓✔✅☑🔒🔐🛡⭐🌟🏅🎖🔵🔷💠", r)
}

// recipientNamed reports that the name is that of the one recipient, who is somebody else.
func (c *verdict) recipientNamed(name string) bool {
	f, ok := c.Message.First("To")
	if !ok {
		return false
	}
	to, err := message.ParseAddressList(f.Value())
	if err != nil || len(to) != 1 || to[0].Domain == c.from {
		return false
	}
	return len([]rune(name)) > 3 && strings.EqualFold(to[0].Display, name)
}

// mixedScript reports a domain one of whose labels mixes scripts that look alike (UTS #39
// section 5.2): Latin, Cyrillic and Greek letters have no business together.
func mixedScript(domain string) bool {
	if !strings.Contains(domain, "xn--") || !wire.Convertible(domain) {
		return false
	}
	u, err := idna.ToUnicode(domain)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(strings.Split(u, "."), scriptsMixed)
}

// scriptsMixed reports a word in letters of several scripts that look alike.
func scriptsMixed(word string) bool {
	n := 0
	for _, script := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee} {
		if strings.ContainsFunc(word, func(r rune) bool { return unicode.Is(script, r) }) {
			n++
		}
	}
	return n > 1
}
