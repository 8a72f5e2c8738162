package judge

import (
	"net/url"
	"strings"

	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
)

// unsubscribe is a List-Unsubscribe field (RFC 2369 section 3.2).
type unsubscribe struct {
	https, http, mailto []string
	problems            []string
}

// parseUnsubscribe reads "<uri>, <uri>" with comments; at most 20 URIs.
func parseUnsubscribe(v string) (u unsubscribe) {
	rest := strings.TrimSpace(comments.ReplaceAllString(v[:min(len(v), maxFieldLook)], " "))
	for n := 0; rest != "" && n < 20; n++ {
		rest = strings.TrimLeft(rest, ", \t")
		if rest == "" {
			break
		}
		if rest[0] != '<' {
			u.problems = note(u.problems, "not in angle brackets: "+rest)
			return u
		}
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			u.problems = note(u.problems, "the angle bracket is not closed: "+rest)
			return u
		}
		u.take(strings.Join(strings.Fields(rest[1:end]), "")) // RFC 2369 section 2: white space within is ignored
		rest = strings.TrimLeft(rest[end+1:], " \t")
		if rest != "" && rest[0] != ',' {
			u.problems = note(u.problems, "no comma between two URIs: "+rest)
		}
	}
	if len(u.https)+len(u.http)+len(u.mailto)+len(u.problems) == 0 {
		u.problems = []string{"it names no URI"}
	}
	return u
}

var comments = pattern.New(`(^|[\s,>])\([^()<>]*\)`)

func (u *unsubscribe) take(s string) {
	parsed, err := url.Parse(s)
	if err != nil {
		u.problems = note(u.problems, "not a URI: "+s)
		return
	}
	switch strings.ToLower(parsed.Scheme) {
	case "https":
		if parsed.Hostname() == "" {
			u.problems = note(u.problems, "no host: "+s)
			return
		}
		u.https = append(u.https, s)
	case "http":
		u.http = append(u.http, s)
	case "mailto":
		if !strings.Contains(s, "@") {
			u.problems = note(u.problems, "no address: "+s)
			return
		}
		u.mailto = append(u.mailto, s)
	default:
		u.problems = note(u.problems, "neither https nor mailto: "+s)
	}
}

// bulkSigns are the fields by which a message shows that it goes to many. It cannot be known of
// any other message.
func (c *verdict) bulkSigns() (signs []string, certain bool) {
	if f, ok := c.Message.First("List-Id"); ok {
		signs, certain = append(signs, "List-Id: "+clip(f.Unfolded())), true
	}
	if f, ok := c.Message.First("Precedence"); ok && c.Message.Count("Auto-Submitted") == 0 {
		if v := strings.ToLower(f.Unfolded()); v == "bulk" || v == "list" {
			signs = append(signs, "Precedence: "+v)
		}
	}
	if f, ok := c.Message.First("Feedback-ID"); ok { // some services add it to every message
		signs = append(signs, "Feedback-ID: "+clip(f.Unfolded()))
	}
	return signs, certain
}

// list judges the fields of lists and bulk mail.
func (c *verdict) list() {
	if f, ok := c.Message.First("List-Id"); ok && !listID.MatchString(f.Unfolded()) {
		c.add("list.id-syntax", c.author(), nil, "List-Id: "+clip(f.Unfolded()))
	}
	f, ok := c.Message.First("List-Unsubscribe")
	if !ok {
		signs, certain := c.bulkSigns()
		if len(signs) > 0 {
			g := c.add("list.unsubscribe-missing", c.author(), nil, signs...)
			if !certain {
				g.Status = catalogue.Info
			}
		}
		if c.Message.Count("List-Unsubscribe-Post") > 0 {
			c.add("list.one-click-missing", c.author(), nil, "List-Unsubscribe-Post without List-Unsubscribe").Status = catalogue.Warn
		}
		return
	}
	u := parseUnsubscribe(f.Unfolded())
	if c.Message.Count("List-Unsubscribe") > 1 {
		u.problems = note(u.problems, "there are several List-Unsubscribe fields")
	}
	shown := "List-Unsubscribe: " + clip(f.Unfolded())
	if len(u.problems) > 0 {
		c.add("list.unsubscribe-invalid", c.author(), nil, append([]string{shown}, u.problems...)...)
	}
	c.oneClick(u, shown)
	c.visible()
}

var listID = pattern.New(`<[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)+>\s*$`)

// oneClick judges RFC 8058: an HTTPS URI, the other field with exactly its value, and a
// valid signature over both.
func (c *verdict) oneClick(u unsubscribe, shown string) {
	post, ok := c.Message.First("List-Unsubscribe-Post")
	value := ""
	if ok {
		value = strings.TrimSpace(post.Unfolded())
	}
	switch {
	case ok && value != oneClickValue:
		c.add("list.one-click-missing", c.author(), nil, shown, "List-Unsubscribe-Post: "+clip(value)).Status = catalogue.Warn
	case ok && len(u.https) != 1:
		c.add("list.one-click-missing", c.author(), nil, shown, itoa(len(u.https))+" https URIs, RFC 8058 wants exactly one").Status = catalogue.Warn
	case !ok && len(u.https) > 0:
		c.add("list.one-click-missing", c.author(), nil, shown, "no List-Unsubscribe-Post")
	case !ok:
		if len(u.mailto) > 0 {
			c.add("list.mailto-only", c.author(), nil, shown)
		}
	default:
		c.oneClickSigned(shown)
	}
}

func (c *verdict) oneClickSigned(shown string) {
	signed, seen := c.covered("List-Unsubscribe", "List-Unsubscribe-Post")
	switch {
	case signed:
		c.add("list.one-click", c.author(), nil, shown)
	default:
		f := c.add("list.one-click-unsigned", c.author(), nil, shown)
		if !seen {
			f.Status = catalogue.Unknown
		}
	}
}

var unsubscribeWords = pattern.New(`(?i)unsubscri|opt[ -]?out|manage (your )?(preferences|subscription)|email preferences|配信停止|配信解除|配信の停止|購読解除|購読停止|登録解除|メール配信|配信設定|受信停止|退会|abmelden|abbestell|désabonn|desabonn|desinscri|désinscri|darse de baja|cancelar (la )?suscripci|annulla (l')?iscrizione|afmelden|退订|取消订阅|수신거부`)

// visible looks for a link to unsubscribe in the text itself.
func (c *verdict) visible() {
	if len(c.pages) == 0 {
		return
	}
	for _, g := range c.pages {
		if unsubscribeWords.Match(g.text) {
			c.add("list.visible-unsubscribe", c.author(), nil)
			return
		}
		for _, l := range g.links {
			if unsubscribeWords.MatchString(l.href) || unsubscribeWords.MatchString(l.text) {
				c.add("list.visible-unsubscribe", c.author(), nil, clip(l.href))
				return
			}
		}
	}
	c.add("list.no-visible-unsubscribe", c.author(), nil)
}
