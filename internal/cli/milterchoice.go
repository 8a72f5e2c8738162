package cli

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/todoku/todoku/internal/filter"
)

// choiceFlags say which mail is ours, which is left alone, and what is demanded of signatures of others.
type choiceFlags struct {
	macros, dontSignTo, exempt, mustBeSigned []string
	minimumKeyBits                           int
}

func (f *choiceFlags) add(fl *pflag.FlagSet, a *app, prefix string) {
	fl.StringArrayVar(&f.macros, prefix+"local-macro", nil, a.flagText("local-macro"))
	fl.StringArrayVar(&f.dontSignTo, prefix+"dont-sign-to", nil, a.flagText("dont-sign-to"))
	fl.StringArrayVar(&f.exempt, prefix+"exempt-domain", nil, a.flagText("exempt-domain"))
	fl.StringArrayVar(&f.mustBeSigned, prefix+"must-be-signed", nil, a.flagText("must-be-signed"))
	fl.IntVar(&f.minimumKeyBits, prefix+"minimum-key-bits", 1024, a.flagText("minimum-key-bits"))
}

// apply adds to what other programs' configurations say.
func (f *choiceFlags) apply(a *app, s *filter.Settings, prefix string) error {
	for _, m := range f.macros {
		name, value, valued := strings.Cut(m, "=")
		var values []string
		if valued {
			values = strings.Split(value, "|")
		}
		if name = strings.Trim(name, "{}"); name == "" || strings.ContainsAny(name, " \t{}") || slices.Contains(values, "") {
			return usagef("%s", a.say(msgBadMacro, "flag", prefix+"local-macro", "value", m))
		}
		s.AddMacro(name, values)
	}
	to, err := filter.ParsePatterns(f.dontSignTo)
	if err != nil {
		return usagef("%v", a.saidError("--"+prefix+"dont-sign-to", err))
	}
	s.DontSignTo = append(s.DontSignTo, to...)
	exempt, err := filter.ParseDomainPatterns(f.exempt)
	if err != nil {
		return usagef("%v", a.saidError("--"+prefix+"exempt-domain", err))
	}
	if len(exempt) > 0 {
		if s.Untouched == nil {
			s.Untouched = &filter.Untouched{}
		}
		s.Untouched.Authors = append(s.Untouched.Authors, exempt...)
	}
	for _, text := range f.mustBeSigned {
		name, err := filter.ParseFieldName(text)
		if err != nil {
			return usagef("%v", a.saidError("--"+prefix+"must-be-signed "+text, err))
		}
		s.MustBeSigned = append(s.MustBeSigned, name)
	}
	if s.MinimumKeyBits == 0 || f.minimumKeyBits != 1024 {
		s.MinimumKeyBits = f.minimumKeyBits
	}
	return nil
}

var msgBadMacro = text{EN: "--{flag} {value}: write NAME, NAME=VALUE or NAME=VALUE|VALUE", JA: "--{flag} {value}: NAME、NAME=VALUE、NAME=VALUE|VALUE のいずれかで指定してください"}

func init() {
	textsOf(nil, map[string]text{
		"local-macro":      {EN: "sign mail for which the mail server's macro `NAME[=VALUE|VALUE]` is set (to one of these values), in place of checking it (repeatable)", JA: "メールサーバーのマクロ `NAME[=VALUE|VALUE]` が設定されている (値がいずれかに一致する) メールは、検証せずに署名する (複数指定可)"},
		"dont-sign-to":     {EN: "do not sign mail to `ADDRESS`, also DOMAIN or *.DOMAIN; one such recipient is enough (repeatable)", JA: "`ADDRESS` 宛てのメールには署名しない。DOMAIN、*.DOMAIN も可。宛先の一つが一致すれば署名しない (複数指定可)"},
		"exempt-domain":    {EN: "neither sign nor check mail whose From is of `DOMAIN`, *.DOMAIN for those below it (repeatable)", JA: "From が `DOMAIN` のメールには署名も検証もしない。*.DOMAIN はサブドメイン (複数指定可)"},
		"must-be-signed":   {EN: "accept no signature that leaves the header field `NAME` out, where the mail has it (repeatable)", JA: "メールにヘッダー `NAME` があるのに署名の対象外であれば、その署名を認めない (複数指定可)"},
		"minimum-key-bits": {EN: "accept no signature by an RSA key of less than `BITS`", JA: "`BITS` 未満の RSA 鍵による署名を認めない"},
	})
}

// milterFlagGiven: a setting of the milter was given. Without --milter there is none to heed it.
func milterFlagGiven(fl *pflag.FlagSet) (given bool) {
	fl.Visit(func(flag *pflag.Flag) { given = given || strings.HasPrefix(flag.Name, "milter-") })
	return given
}
