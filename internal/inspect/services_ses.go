package inspect

import (
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/pattern"
	"github.com/todoku/todoku/internal/survey"
	"github.com/todoku/todoku/spf"
)

// ses judges what Amazon SES needs: Easy DKIM, whose names nobody can guess, and a MAIL
// FROM domain with one MX and one SPF record.
func (j *judgement) ses(s survey.Services) {
	for _, m := range s.MailFrom {
		j.mailFrom(m)
	}
	signed := slices.ContainsFunc(j.DKIM.Keys, func(k survey.DKIMKey) bool { return strings.HasSuffix(k.Target(), "amazonses.com") })
	if s.Has("amazon_ses") && !signed && !j.isMailFrom() && !j.anyKey() {
		j.add("service.ses-dkim", j.Name, args{"domain": j.Name})
	}
}

// mailFromSPF is what SES asks for at a MAIL FROM domain.
const mailFromSPF = "v=spf1 include:amazonses.com ~all"

// mailFrom judges one MAIL FROM domain.
func (j *judgement) mailFrom(m survey.MailFrom) {
	if m.MX.Status.Failed() || m.TXT.Status.Failed() {
		return
	}
	a := args{"domain": j.Name, "bounce": m.Name}
	bad := j.mailFromMX(m, a)
	if m.Name != j.Name { // SPF of the domain itself is judged as such
		bad = j.mailFromText(m, a) || bad
	}
	if !bad {
		j.add("service.ses-mail-from", m.Name, a, mxTexts(m.MX)...)
	}
}

func mxTexts(a dns.Answer) []string {
	var out []string
	for _, r := range a.Records[:min(len(a.Records), 8)] {
		out = append(out, "MX "+r.ChangeText())
	}
	return out
}

// mailFromMX wants exactly one MX record, of a region.
func (j *judgement) mailFromMX(m survey.MailFrom, a args) bool {
	if len(m.MX.Records) == 0 {
		j.add("service.ses-mail-from-no-mx", m.Name, a, "MX: "+m.MX.Status.String())
		return true
	}
	host, known := "", false
	for _, r := range m.MX.Records {
		if h, ok := feedbackHost(r.Data); ok && !known {
			host, known = h, true
		}
	}
	right := len(m.MX.Records) == 1 && known && dns.CanonicalName(m.MX.Records[0].Data) == host
	if right || m.Name == j.Name && !known {
		return false
	}
	id := "service.ses-mail-from-region"
	if len(m.MX.Records) > 1 {
		id = "service.ses-mail-from-mx"
	}
	f := j.add(id, m.Name, a, mxTexts(m.MX)...)
	if known {
		f.DNS = []dns.Change{{Action: dns.Replace, Name: m.Name + ".", Type: dns.TypeMX, TTL: 3600, Data: []string{"10 " + host + "."}}}
	}
	return true
}

// mailFromText wants one SPF record that includes amazonses.com.
func (j *judgement) mailFromText(m survey.MailFrom, a args) bool {
	var records []string
	for _, r := range m.TXT.Records {
		if spf.IsRecord(r.Data) {
			records = append(records, r.Data)
		}
	}
	if len(records) == 1 && strings.Contains(strings.ToLower(records[0]), "include:amazonses.com") {
		return false
	}
	change := dns.Change{Action: dns.Add, Name: m.Name + ".", Type: dns.TypeTXT, TTL: 3600, Data: []string{mailFromSPF}}
	if len(records) > 0 {
		change.Action, change.Was = dns.Replace, records
	}
	if len(records) == 1 {
		if terms := strings.Fields(records[0]); len(terms) > 1 {
			change.Data = []string{strings.Join(slices.Insert(terms, 1, "include:amazonses.com"), " ")}
		}
	}
	f := j.add("service.ses-mail-from-spf", m.Name, a, records...)
	f.DNS = []dns.Change{change}
	f.Snippets = []catalogue.Snippet{{For: "AWS CLI", Text: "aws sesv2 get-email-identity --email-identity " + j.Name + " --query MailFromAttributes"}}
	return true
}

var (
	feedback = pattern.New(`^feedback-smtp\.([a-z0-9_-]+)\.(?:amazonses|amazonaws|amazon-ses|amazonse)\.(?:com|jp|net)$`)
	region   = pattern.New(`^(us|eu|ap|ca|sa|me|af|il|mx)(?:-(gov|iso[a-z]?))?-?(north|south|central|east|west)(east|west)?-?(\d)[a-f]?$`)
	// cities are what people call regions.
	cities = map[string]string{
		"tokyo": "ap-northeast-1", "osaka": "ap-northeast-3", "seoul": "ap-northeast-2", "singapore": "ap-southeast-1",
		"sydney": "ap-southeast-2", "mumbai": "ap-south-1", "frankfurt": "eu-central-1", "ireland": "eu-west-1",
		"london": "eu-west-2", "paris": "eu-west-3", "virginia": "us-east-1", "ohio": "us-east-2", "oregon": "us-west-2",
	}
)

// feedbackHost gives the host that the MX of a MAIL FROM domain should name, also for one
// that is nearly it: a region without hyphens or named by its city, a wrong ending.
func feedbackHost(host string) (string, bool) {
	host = dns.CanonicalName(host)
	if i := strings.Index(host, ".amazonses.com."); i >= 0 {
		host = host[:i+len(".amazonses.com")] // the panel appended the domain
	}
	m := feedback.FindStringSubmatch(host)
	if m == nil {
		return "", false
	}
	name := strings.ReplaceAll(m[1], "_", "-")
	if c, ok := cities[name]; ok {
		name = c
	}
	r := region.FindStringSubmatch(name)
	if r == nil {
		return "", false
	}
	name = r[1]
	if r[2] != "" {
		name += "-" + r[2]
	}
	return "feedback-smtp." + name + "-" + r[3] + r[4] + "-" + r[5] + ".amazonses.com", true
}
