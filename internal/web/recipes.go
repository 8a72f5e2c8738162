package web

import (
	"net/http"
	"strings"

	"github.com/todoku/todoku/internal/i18n"
)

// recipe is what to write into the configuration of one mail server.
type recipe struct {
	Name  string
	Files []recipeFile
	// Note is a key of a text, "" for none.
	Note string
}

type recipeFile struct{ ID, Name, Text string }

// recipesPage shows how a mail server that has port 25 hands test mail over.
type recipesPage struct {
	frame
	Domain, LMTP string
	// Running: mail servers can hand over now.
	Running bool
	Recipes []recipe
}

// The places that a recipe names where the configuration does not say them.
const (
	usualLMTP    = "127.0.0.1:2424"
	usualProgram = "/usr/local/bin/todoku"
)

func (s *server) recipes(w http.ResponseWriter, r *http.Request) {
	lmtp, program := s.LMTPAddr, s.Program
	if lmtp == "" {
		lmtp = usualLMTP
	}
	if program == "" {
		program = usualProgram
	}
	s.show(w, r, http.StatusOK, "recipes", recipesPage{
		frame: s.frame(r, "", i18n.T(i18n.FromRequest(r), "recipes.title")), Domain: s.MailDomain, LMTP: lmtp, Running: s.LMTPAddr != "",
		Recipes: recipesFor(s.MailDomain, lmtp, program),
	})
}

// recipesFor fills in the mail domain, the address of LMTP (host:port or unix:PATH) and
// the program. All three were tried with the servers named: Postfix 3.7, Exim 4.96 and
// Sendmail 8.17.
func recipesFor(domain, lmtp, program string) []recipe {
	nexthop := "lmtp:inet:" + lmtp
	if path, unix := strings.CutPrefix(lmtp, "unix:"); unix {
		nexthop = "lmtp:unix:" + path
	}
	fill := strings.NewReplacer("{domain}", domain, "{lmtp}", lmtp, "{program}", program, "{nexthop}", nexthop)
	return []recipe{
		{Name: "Postfix", Note: "recipes.postfix", Files: []recipeFile{
			{"postfix-main", "main.cf", fill.Replace(`# Add {domain} to relay_domains and this map to transport_maps, if you have them already.
relay_domains = {domain}
transport_maps = inline:{ {{domain} = {nexthop}} }
lmtp_send_xforward_command = yes
`)},
		}},
		{Name: "Exim", Note: "recipes.exim", Files: []recipeFile{
			{"exim-router", "routers", fill.Replace(`# The first router. {domain} is also in the list of relay_to_domains.
todoku:
  driver = accept
  domains = {domain}
  transport = todoku
`)},
			{"exim-transport", "transports", fill.Replace(`todoku:
  driver = pipe
  command = {program} receive --server {lmtp}
  environment = <; CLIENT_ADDRESS=$sender_host_address ; CLIENT_HELO=$sender_helo_name
  message_prefix =
  message_suffix =
  user = nobody
  temp_errors = 75
  return_fail_output
`)},
		}},
		{Name: "Sendmail", Note: "recipes.sendmail", Files: []recipeFile{
			{"sendmail-mc", "sendmail.mc", fill.Replace("FEATURE(`mailertable')dnl\nRELAY_DOMAIN(`{domain}')dnl\nMAILER_DEFINITIONS\n" +
				"Mtodoku,\tP={program}, F=lshun, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, U=nobody, T=DNS/RFC822/X-Unix,\n" +
				"\t\tA=todoku receive --server {lmtp} --ip ${client_addr} --helo $s -f $g -- $u\n")},
			{"sendmail-table", "mailertable", fill.Replace("{domain}\ttodoku:localhost\n")},
		}},
	}
}
