package provider

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/todoku/todoku/dns"
)

// HostCompany is a company whose hosts carry its own names.
type HostCompany struct {
	Name string
	// Shared: customers share its mail hosts and cannot set the PTR record. Else a
	// customer has a host, and sets the record in the control panel.
	Shared bool
	// SetPTR says where the record is set, "" where it cannot be.
	SetPTR string
}

// hostCompanies are names beneath which hosting companies name their hosts (2026). The
// longest name that fits counts.
var hostCompanies = map[string]HostCompany{
	"sakura.ne.jp":             {Name: "さくらのレンタルサーバ (Sakura)", Shared: true},
	"vs.sakura.ne.jp":          {Name: "さくらの VPS (Sakura VPS)", SetPTR: "https://secure.sakura.ad.jp/vps/"},
	"xserver.jp":               {Name: "エックスサーバー (Xserver)", Shared: true},
	"lolipop.jp":               {Name: "ロリポップ! (Lolipop)", Shared: true},
	"heteml.jp":                {Name: "ヘテムル (heteml)", Shared: true},
	"gmoserver.jp":             {Name: "お名前.com レンタルサーバー (GMO)", Shared: true},
	"onamae.ne.jp":             {Name: "お名前.com (GMO)", Shared: true},
	"coreserver.jp":            {Name: "コアサーバー (CORESERVER)", Shared: true},
	"value-server.com":         {Name: "バリューサーバー (VALUE SERVER)", Shared: true},
	"valueserver.jp":           {Name: "バリューサーバー (VALUE SERVER)", Shared: true},
	"kagoya.net":               {Name: "カゴヤ・ジャパン (KAGOYA)", Shared: true},
	"mixhost.jp":               {Name: "mixhost", Shared: true},
	"xvps.ne.jp":               {Name: "Xserver VPS", SetPTR: "https://secure.xserver.ne.jp/xapanel/login/xvps/"},
	"myvps.jp":                 {Name: "ConoHa", SetPTR: "https://manage.conoha.jp/"},
	"conoha.io":                {Name: "ConoHa", SetPTR: "https://manage.conoha.jp/"},
	"cnode.io":                 {Name: "ConoHa", SetPTR: "https://manage.conoha.jp/"},
	"cnode.jp":                 {Name: "ConoHa", SetPTR: "https://manage.conoha.jp/"},
	"amazonaws.com":            {Name: "Amazon EC2", SetPTR: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Elastic_Addressing_Reverse_DNS.html"},
	"bc.googleusercontent.com": {Name: "Google Cloud", SetPTR: "https://cloud.google.com/compute/docs/instances/create-ptr-record"},
	"vultrusercontent.com":     {Name: "Vultr", SetPTR: "https://my.vultr.com/"},
	"vultr.com":                {Name: "Vultr", SetPTR: "https://my.vultr.com/"},
	"linodeusercontent.com":    {Name: "Linode (Akamai)", SetPTR: "https://cloud.linode.com/"},
	"members.linode.com":       {Name: "Linode (Akamai)", SetPTR: "https://cloud.linode.com/"},
	"your-server.de":           {Name: "Hetzner", SetPTR: "https://console.hetzner.cloud/"},
	"vps.ovh.net":              {Name: "OVHcloud", SetPTR: "https://www.ovh.com/manager/"},
	"vps.ovh.ca":               {Name: "OVHcloud", SetPTR: "https://www.ovh.com/manager/"},
	"ovh.net":                  {Name: "OVHcloud", SetPTR: "https://www.ovh.com/manager/"},
	"contaboserver.net":        {Name: "Contabo", SetPTR: "https://my.contabo.com/"},
	"secureserver.net":         {Name: "GoDaddy", Shared: true},
	"hostgator.com":            {Name: "HostGator", Shared: true},
	"bluehost.com":             {Name: "Bluehost", Shared: true},
	"siteground.biz":           {Name: "SiteGround", Shared: true},
}

// HostCompanyOf gives the company whose name a host carries.
func HostCompanyOf(host string) (HostCompany, bool) {
	name := dns.CanonicalName(host)
	for range 10 {
		if h, ok := hostCompanies[name]; ok {
			return h, true
		}
		var more bool
		if _, name, more = strings.Cut(name, "."); !more {
			break
		}
	}
	return HostCompany{}, false
}

// Naming says what a PTR name tells of how the address is given out.
type Naming uint8

// The kinds of names.
const (
	// Chosen: a name that somebody chose for the host.
	Chosen Naming = iota
	// Numbered: the address stands in the name; nobody chose one.
	Numbered
	// Dynamic: the name says besides that the address is given to one customer after another.
	Dynamic
)

// dynamicWords are labels, or parts of labels between hyphens, of names that access
// providers give to their customers' lines. Digits at the end are left out.
var dynamicWords = []string{
	"dyn", "dynamic", "dynamicip", "dynip", "dhcp", "dialup", "dial", "dip", "ppp", "pppoe", "pool", "pools", "dsl", "adsl", "vdsl", "xdsl",
	"cable", "catv", "cpe", "ftth", "flets", "broadband", "bband", "res", "residential", "mobile", "wifi", "ipngn", "ngn", "eonet", "hikari", "client", "customer", "cust",
}

// surelyDynamic are those that mean it even where the address is not in the name.
var surelyDynamic = []string{"dynamic", "dynamicip", "dynip", "dhcp", "dialup", "ppp", "pppoe", "adsl"}

// NamingOf reads a PTR name of an address. A word such as "static" outweighs the others.
func NamingOf(name string, ip netip.Addr) Naming {
	name = dns.CanonicalName(name)
	numbered := holdsAddress(name, ip)
	var words []string
	for _, w := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		words = append(words, strings.Trim(w, "0123456789"))
	}
	if slices.ContainsFunc(words, func(w string) bool { return w == "static" || w == "fixed" || w == "fix" }) {
		if numbered {
			return Numbered
		}
		return Chosen
	}
	in := func(list []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
	}
	switch {
	case numbered && in(dynamicWords), in(surelyDynamic):
		return Dynamic
	case numbered:
		return Numbered
	}
	return Chosen
}

// holdsAddress reports whether an address stands in a name: its octets in either
// order, or its hexadecimal digits.
func holdsAddress(name string, ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() {
		return false
	}
	packed := strings.NewReplacer("-", "", ".", "", ":", "").Replace(name)
	if ip.Is6() {
		a := ip.As16()
		return strings.Contains(packed, hex.EncodeToString(a[:])) || strings.Contains(packed, hex.EncodeToString(a[8:]))
	}
	a := ip.As4()
	joined := strings.NewReplacer("-", ".", "_", ".").Replace(name)
	// A dot before and after, and before what follows a letter: ec2.192.0.2.1, ip192.0.2.1.
	for _, o := range [][4]byte{a, {a[3], a[2], a[1], a[0]}} {
		text := fmt.Sprintf("%d.%d.%d.%d", o[0], o[1], o[2], o[3])
		if i := strings.Index(joined, text); i >= 0 && !digitAt(joined, i-1) && !digitAt(joined, i+len(text)) {
			return true
		}
		if strings.Contains(packed, fmt.Sprintf("%03d%03d%03d%03d", o[0], o[1], o[2], o[3])) {
			return true
		}
	}
	return strings.Contains(name, hex.EncodeToString(a[:]))
}

func digitAt(s string, i int) bool { return i >= 0 && i < len(s) && s[i] >= '0' && s[i] <= '9' }
