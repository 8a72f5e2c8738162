package cli

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/dns"
	"github.com/todoku/todoku/internal/blocklist"
	"github.com/todoku/todoku/internal/catalogue"
	"github.com/todoku/todoku/internal/doctor"
	"github.com/todoku/todoku/internal/milter"
	"github.com/todoku/todoku/internal/render"
)

// doctorFlags are those of `todoku doctor`.
type doctorFlags struct {
	http, smtp       string
	listen           []string
	probe            string
	noLists          bool
	listKeys         []string
	database, master string
}

// doctorObject is the JSON of what was found.
type doctorObject struct {
	Checks []doctorCheck `json:"checks"`
}

type doctorCheck struct {
	ID     string    `json:"id"`
	Status string    `json:"status"`
	Title  string    `json:"title"`
	Detail string    `json:"detail"`
	Fix    doctorFix `json:"fix"`
}

type doctorFix struct {
	Summary string   `json:"summary"`
	Steps   []string `json:"steps"`
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	c := a.command("doctor", func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("%s", a.say(msgNoArgs))
		}
		return a.doctor(c, &f)
	})
	fl := c.Flags()
	fl.StringVar(&f.http, "http", "127.0.0.1:8025", a.flagText("http"))
	fl.StringVar(&f.smtp, "smtp", "127.0.0.1:2525", a.flagText("smtp"))
	fl.StringArrayVar(&f.listen, "listen", []string{defaultMilter}, a.flagText("milter-listen"))
	fl.StringVar(&f.probe, "probe", "", a.flagText("doctor-probe"))
	fl.BoolVar(&f.noLists, "no-blocklists", false, a.flagText("no-blocklists"))
	fl.StringArrayVar(&f.listKeys, "blocklist-key", nil, a.flagText("blocklist-key"))
	fl.StringVar(&f.database, "database", "", a.flagText("doctor-database"))
	fl.StringVar(&f.master, "master-key-file", "", a.flagText("doctor-master"))
	return c
}

func (a *app) doctor(c *cobra.Command, f *doctorFlags) error {
	cfg, err := a.doctorConfig(f)
	if err != nil {
		return err
	}
	bar := a.newCount(doctor.Parts, false, msgDoctorParts)
	cfg.Done = func() { bar.add(1) }
	ctx, cancel := a.bounded(c.Context())
	defer cancel()
	seen, err := doctor.Look(ctx, cfg)
	bar.finish()
	if err != nil {
		return usagef("--resolver: %v", err)
	}
	object := doctorObject{Checks: []doctorCheck{}}
	found := false
	for _, check := range doctor.Judge(seen) {
		found = found || check.Status == doctor.Problem || check.Status == doctor.Unknown && a.globals.failOn == string(catalogue.Unknown)
		o := doctorCheck{ID: check.ID, Status: string(check.Status), Title: a.in(check.Title), Detail: a.in(check.Detail), Fix: doctorFix{Summary: a.in(check.Fix.Summary), Steps: []string{}}}
		for _, s := range check.Fix.Steps {
			o.Fix.Steps = append(o.Fix.Steps, a.in(s))
		}
		object.Checks = append(object.Checks, o)
	}
	err = a.show(object, func(w io.Writer, o render.TextOptions) error { return a.doctorText(w, object.Checks, o.Width) })
	switch {
	case err != nil:
		return err
	case seen.Silent():
		return lookError{errQuiet}
	case found:
		return findingsError{}
	}
	return nil
}

// doctorConfig reads the flags.
func (a *app) doctorConfig(f *doctorFlags) (doctor.Config, error) {
	cfg := doctor.Config{
		Servers: dns.SystemServers(), Timeout: time.Duration(a.globals.timeout), Database: f.database, MasterKey: f.master, Probe: f.probe,
		Now: a.clock(), Built: built(),
	}
	if a.globals.resolver != "" {
		server, err := dns.ParseServer(a.globals.resolver)
		if err != nil {
			return cfg, usagef("--resolver: %v", err)
		}
		cfg.Servers = []string{server}
	}
	if _, err := netip.ParseAddr(f.probe); f.probe != "" && err != nil && (!dns.ValidName(f.probe) || !strings.Contains(f.probe, ".")) {
		return cfg, usagef("%s", a.say(msgDoctorProbe, "value", f.probe))
	}
	var err error
	if cfg.Places, err = a.places(f); err != nil {
		return cfg, err
	}
	r, err := a.newResolver()
	if err != nil {
		return cfg, err
	}
	var lists *blocklist.Checker
	if lists, err = a.blocklists(r, f.listKeys); err == nil && !f.noLists {
		cfg.Lists = lists
	}
	return cfg, err
}

// places are where serve and milter would listen; an empty value is nowhere, and a socket of the service manager is not ours to open.
func (a *app) places(f *doctorFlags) (out []doctor.Place, err error) {
	for _, p := range []doctor.Place{{Flag: "http", Network: "tcp", Address: f.http}, {Flag: "smtp", Network: "tcp", Address: f.smtp}} {
		if p.Address == "" {
			continue
		}
		_, port, err := net.SplitHostPort(p.Address)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return nil, usagef("%s", a.say(msgDoctorAddress, "flag", p.Flag, "value", p.Address))
		}
		out = append(out, p)
	}
	for _, name := range f.listen {
		if name == "" || name == "systemd" || strings.HasPrefix(name, "systemd:") {
			continue
		}
		network, address, err := milter.ParseAddress(name)
		if err != nil {
			return nil, usagef("--listen: %v", err)
		}
		out = append(out, doctor.Place{Flag: "listen", Network: network, Address: address})
	}
	return out, nil
}

// built is when the source of this program was last changed, zero where it does not say.
func built() (t time.Time) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				t, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	return t
}

// doctorText writes one paragraph for each check: status, title, what was seen, what to do.
func (a *app) doctorText(w io.Writer, checks []doctorCheck, width int) error {
	words := map[string]string{"ok": a.say(msgDoctorOK), "problem": a.say(msgDoctorProblem), "unknown": a.say(msgDoctorUnknown)}
	column := 0
	for _, word := range words {
		column = max(column, render.Columns(word)+2)
	}
	var b strings.Builder
	count := map[string]int{}
	paragraph := func(first, text string) {
		for i, line := range render.Wrap(render.Printable(text), max(width-column, 30)) {
			if i > 0 {
				first = ""
			}
			fmt.Fprintf(&b, "%s%s%s\n", first, strings.Repeat(" ", column-render.Columns(first)), line)
		}
	}
	for _, c := range checks {
		count[c.Status]++
		paragraph(words[c.Status], c.Title+": "+c.Detail)
		if c.Fix.Summary != "" {
			paragraph("", a.say(msgDoctorDo)+" "+c.Fix.Summary)
		}
		for i, s := range c.Fix.Steps {
			paragraph("", fmt.Sprintf("%d. %s", i+1, s))
		}
	}
	fmt.Fprintln(&b, a.say(msgDoctorTally, "ok", itoa(count["ok"]), "problem", itoa(count["problem"]), "unknown", itoa(count["unknown"])))
	_, err := io.WriteString(w, b.String())
	return err
}

func init() {
	textsOf(map[string]commandText{"doctor": {
		short: text{EN: "See whether the instrument itself is fit", JA: "このプログラムの動作環境を診断する"},
		long: text{
			EN: "See whether the instrument itself is fit: the resolver, DNSSEC, access to blocklists, the clock, the ports at which serve and milter listen,\nand with --database and --master-key-file what they keep. Every check is ok, problem or unknown, and says what to do.\nNothing is connected to but the resolver, the database that is named, and port 25 of the host of --probe.\nExit code 0: no problem; 1: a problem; 3: the resolver does not answer, so that nothing can be looked up.",
			JA: "このプログラムの動作環境を診断します。リゾルバー、DNSSEC、ブロックリストの利用、時計、serve と milter が待ち受けるポートを調べ、\n--database と --master-key-file を指定すると、その状態も調べます。結果は項目ごとに正常、問題、不明のいずれかで、対処も示します。\n接続する先は、リゾルバー、指定したデータベース、--probe で指定したホストの 25 番ポートだけです。\n終了コード 0: 問題なし、1: 問題あり、3: リゾルバーが応答せず、何も調べられない。",
		},
		example: text{
			EN: "  todoku doctor\n  todoku doctor --resolver 127.0.0.1 --probe mx.example.com\n  todoku doctor --database todoku.db --master-key-file /etc/todoku/master.key --json",
			JA: "  todoku doctor\n  todoku doctor --resolver 127.0.0.1 --probe mx.example.com\n  todoku doctor --database todoku.db --master-key-file /etc/todoku/master.key --json",
		},
	}}, map[string]text{
		"doctor-probe":    {EN: "connect to port 25 of this mail server, `HOST`, to see whether the way out is open; nothing is sent", JA: "外向きの接続ができるかを確かめるため、このメールサーバー `HOST` の 25 番ポートに接続する (メールは送らない)"},
		"doctor-database": {EN: "also look at the database, SQLite file or postgres:// `URL`; it is not changed", JA: "データベース (SQLite のファイルまたは postgres:// の `URL`) も調べる (変更はしない)"},
		"doctor-master":   {EN: "also look at the `FILE` with the master key", JA: "マスター鍵の `FILE` も調べる"},
	})
}

var (
	msgDoctorOK      = text{EN: "ok", JA: "正常"}
	msgDoctorProblem = text{EN: "problem", JA: "問題"}
	msgDoctorUnknown = text{EN: "unknown", JA: "不明"}
	msgDoctorDo      = text{EN: "What to do:", JA: "対処:"}
	msgDoctorTally   = text{EN: "{ok} ok, {problem} problems, {unknown} unknown", JA: "正常 {ok}、問題 {problem}、不明 {unknown}"}
	msgDoctorParts   = text{EN: "{n} parts", JA: "{n} 項目"}

	msgDoctorProbe   = text{EN: "--probe {value}: name a mail server (mx.example.com) or an address; it is asked on port 25", JA: "--probe {value}: メールサーバー (mx.example.com) またはアドレスを指定してください (25 番ポートに接続します)"}
	msgDoctorAddress = text{EN: "--{flag} {value}: write HOST:PORT", JA: "--{flag} {value}: HOST:PORT の形で指定してください"}
)
