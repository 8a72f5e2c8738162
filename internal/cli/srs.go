package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/todoku/todoku/internal/render"
	"github.com/todoku/todoku/srs"
)

// srsFlags are those of `srs forward` and `srs reverse`.
type srsFlags struct {
	domains               []string
	secretFile, sep       string
	hashLength, hashLeast int
	maxAge                days
	long                  bool
}

// srsObject is the JSON of one address; exactly one of Address and Error is null.
type srsObject struct {
	Input   string  `json:"input"`
	Address *string `json:"address"`
	Error   *string `json:"error"`
}

// maxSRSLines bounds the addresses of one run that come from standard input.
const maxSRSLines = 1_000_000

func (a *app) srsCommand(direction string) *cobra.Command {
	var f srsFlags
	c := a.command("srs "+direction, func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s", a.say(msgSRSAddress))
		}
		r, err := f.rewriter(a)
		if err != nil {
			return err
		}
		return a.rewriteAll(args, r, direction == "reverse")
	})
	fl := c.Flags()
	fl.StringArrayVar(&f.domains, "domain", nil, a.flagText("srs-domain"))
	fl.StringVar(&f.secretFile, "secret-file", "", a.flagText("srs-secret-file"))
	fl.StringVar(&f.sep, "separator", "=", a.flagText("srs-separator"))
	fl.IntVar(&f.hashLength, "hash-length", srs.DefaultHashLength, a.flagText("srs-hash-length"))
	fl.IntVar(&f.hashLeast, "hash-min", 0, a.flagText("srs-hash-min"))
	f.maxAge = days(srs.DefaultMaxAge)
	fl.Var(&f.maxAge, "max-age", a.flagText("srs-max-age"))
	fl.BoolVar(&f.long, "long", false, a.flagText("srs-long"))
	completeWords(c, "separator", "=", "+", "-")
	return c
}

func (f *srsFlags) rewriter(a *app) (*srs.Rewriter, error) {
	if len(f.domains) == 0 {
		return nil, usagef("%s", a.say(msgNeedFlag, "flag", "domain"))
	}
	if f.secretFile == "" {
		return nil, usagef("%s", a.say(msgNeedFlag, "flag", "secret-file"))
	}
	if len(f.sep) != 1 || !strings.Contains("=+-", f.sep) {
		return nil, usagef("%s", a.say(msgSRSSeparator, "value", f.sep))
	}
	domains, err := a.srsDomains("--domain", f.domains)
	if err != nil {
		return nil, err
	}
	secrets, err := a.srsSecrets("--secret-file", f.secretFile)
	if err != nil {
		return nil, err
	}
	r, err := srs.New(srs.Config{
		Domains: domains, Secrets: secrets, Separator: f.sep[0], HashLength: f.hashLength, HashMin: f.hashLeast,
		MaxAge: time.Duration(f.maxAge), LongLocal: f.long,
	})
	if err != nil { // what can still be wrong with it
		return nil, usagef("%s", a.saidText(inJapanese{err, "--hash-length は 4〜27 文字、--hash-min は 4 文字以上で --hash-length 以下、--max-age は 1〜1023 日で指定してください"}))
	}
	return r, nil
}

// srsDomains gives the domains that a flag names in A-labels, each one that senders can be rewritten to.
func (a *app) srsDomains(flag string, names []string) (out []string, err error) {
	for _, name := range names {
		d, err := ascii(name)
		if err == nil {
			if _, bad := srs.New(srs.Config{Domains: []string{d}, Secrets: [][]byte{[]byte(d)}}); bad != nil {
				err = isNoDomain(name)
			}
		}
		if err != nil {
			return nil, usagef("%v", a.saidError(flag, err))
		}
		out = append(out, d)
	}
	return out, nil
}

// srsSecrets reads the file of secrets that a flag names.
func (a *app) srsSecrets(flag, name string) ([][]byte, error) {
	file, err := readSecret(name)
	if err != nil {
		return nil, lookError{a.fileError(name, err)}
	}
	secrets, err := srs.ParseSecrets(file)
	if err != nil {
		why := inJapanese{err, "秘密の値がありません。ランダムな 24 文字程度の値を 1 行に 1 つ記してください"}
		if len(bytes.TrimSpace(file)) > 0 {
			why.ja = "秘密の値のファイルが 64 KiB を超えています"
		}
		return nil, usagef("%v", a.saidError(flag+" "+name, why))
	}
	return secrets, nil
}

// inJapanese is an error of a library, which knows English alone, with what is said in Japanese.
type inJapanese struct {
	error
	ja string
}

// Japanese is Error in Japanese.
func (e inJapanese) Japanese() string { return e.ja }
func (e inJapanese) Unwrap() error    { return e.error }

// whyNot says why an address was not rewritten or turned back.
func whyNot(err error) error {
	for _, c := range []struct {
		is error
		ja string
	}{
		{srs.ErrSyntax, "アドレスの形式が正しくありません"}, {srs.ErrHash, "ハッシュが一致しません。このサーバーが書き換えたアドレスではないか、変更されています"},
		{srs.ErrExpired, "書き換えたアドレスの有効期限が切れています"}, {srs.ErrTooLong, "書き換えたアドレスが、メールサーバーが受け付けるべき長さを超えます"},
	} {
		if errors.Is(err, c.is) {
			return inJapanese{err, c.ja}
		}
	}
	return err
}

// rewriteAll rewrites each address; exit 1 where one was refused.
func (a *app) rewriteAll(args []string, r *srs.Rewriter, reverse bool) error {
	refused := false
	one := func(address string) error {
		o, err := rewriteOne(r, strings.TrimSpace(address), reverse, a.globals.now)
		if refused = refused || err != nil; err != nil && !a.globals.json {
			a.complain(a.saidError(o.Input, whyNot(err)).Error())
			return nil
		}
		return a.show(o, func(w io.Writer, _ render.TextOptions) error {
			_, err := fmt.Fprintln(w, render.Printable(*o.Address))
			return err
		})
	}
	for _, address := range args {
		if address != "-" {
			if err := one(address); err != nil {
				return err
			}
			continue
		}
		lines := bufio.NewScanner(a.In)
		for n := 0; lines.Scan() && n < maxSRSLines; n++ {
			if err := one(lines.Text()); err != nil {
				return err
			}
		}
		if err := lines.Err(); err != nil {
			return lookError{fmt.Errorf("%s: %w", a.say(msgReadStdin), err)}
		}
	}
	if refused {
		return findingsError{}
	}
	return nil
}

// rewriteOne takes an address with or without angle brackets. One that is nobody's rewritten address stays as it is.
func rewriteOne(r *srs.Rewriter, input string, reverse bool, now time.Time) (srsObject, error) {
	address := strings.TrimSuffix(strings.TrimPrefix(input, "<"), ">")
	rewrite := r.Forward
	if reverse {
		rewrite = r.Reverse
	}
	out, err := rewrite(address, now)
	if reverse && errors.Is(err, srs.ErrNotSRS) {
		out, err = address, nil
	}
	o := srsObject{Input: input, Address: &out}
	if err != nil {
		text := err.Error()
		o.Address, o.Error = nil, &text
	}
	return o, err
}

func init() {
	textsOf(map[string]commandText{
		"srs": {
			short: text{EN: "Rewrite envelope senders of forwarded mail", JA: "転送するメールのエンベロープ送信者を書き換える"},
			long: text{
				EN: "Rewrite the envelope sender of forwarded mail by SRS, so that SPF passes at the next server and bounces come home; and turn rewritten addresses back.\nReads and writes what postsrsd does, with the same file of secrets.",
				JA: "転送するメールのエンベロープ送信者を SRS で書き換えます。転送先で SPF が pass になり、バウンスメールも元の送信者に戻ります。\n書き換えたアドレスを元に戻すこともできます。postsrsd と互換性があり、秘密の値のファイルも共用できます。",
			},
			example: text{
				EN: "  todoku srs forward --domain fwd.example.com --secret-file /etc/postsrsd.secret user@example.org",
				JA: "  todoku srs forward --domain fwd.example.com --secret-file /etc/postsrsd.secret user@example.org",
			},
		},
		"srs forward": {
			args:  "ADDRESS...",
			short: text{EN: "Rewrite senders", JA: "送信者を書き換える"},
			long: text{
				EN: "Print the envelope sender to forward with, one a line. Senders in the domains given, and the null path, stay as they are. - reads addresses from standard input.",
				JA: "転送に使うエンベロープ送信者を 1 行に 1 つ表示します。指定したドメインの送信者と空の送信者はそのままです。- を指定すると標準入力から読み取ります。",
			},
			example: text{
				EN: "  todoku srs forward --domain fwd.example.com --secret-file srs.secret user@example.org",
				JA: "  todoku srs forward --domain fwd.example.com --secret-file srs.secret user@example.org",
			},
		},
		"srs reverse": {
			args:  "ADDRESS...",
			short: text{EN: "Turn rewritten addresses back", JA: "書き換えたアドレスを元に戻す"},
			long: text{
				EN: "Print the address that a rewritten one came from. Addresses that are not rewritten, or not in the domains given, stay as they are.\nExit code 1: the hash is wrong or the address has expired, so that mail to it is to be refused.",
				JA: "書き換える前のアドレスを表示します。書き換えられていないアドレスや、指定したドメイン以外のアドレスはそのままです。\n終了コード 1: ハッシュが正しくないか期限切れのため、そのアドレス宛てのメールは拒否すべきです。",
			},
			example: text{
				EN: "  todoku srs reverse --domain fwd.example.com --secret-file srs.secret 'SRS0=R9pR=JP=example.org=user@fwd.example.com'",
				JA: "  todoku srs reverse --domain fwd.example.com --secret-file srs.secret 'SRS0=R9pR=JP=example.org=user@fwd.example.com'",
			},
		},
	}, map[string]text{
		"srs-domain":      {EN: "the `DOMAIN` of the forwarder: the first is written, all are turned back (repeatable)", JA: "転送するサーバーの `DOMAIN`: 書き換えには先頭のものを使い、元に戻すときはすべてを対象にする (複数指定可)"},
		"srs-secret-file": {EN: "`FILE` of secrets, one a line: the first signs, all verify", JA: "秘密の値を 1 行に 1 つ記した `FILE`: 先頭の行で署名し、検証にはすべてを使う"},
		"srs-separator":   {EN: "what stands behind SRS0, `CHARACTER`: =, + or -", JA: "SRS0 に続ける区切り文字 `CHARACTER`: =、+、-"},
		"srs-hash-length": {EN: "how many characters of the hash are written, `N` from 4 to 27", JA: "書き込むハッシュの文字数 `N` (4〜27)"},
		"srs-hash-min":    {EN: "how many characters of the hash are needed at least, `N`; 0: as many as are written", JA: "必要とするハッシュの最小文字数 `N`。0 は書き込む文字数と同じ"},
		"srs-max-age":     {EN: "how long a rewritten address can be turned back, `DURATION` in days", JA: "書き換えたアドレスを元に戻せる期間 `DURATION` (日単位)"},
		"srs-long":        {EN: "allow local parts above 64 octets (RFC 5321 section 4.5.3.1.1)", JA: "64 バイトを超えるローカルパートを許す (RFC 5321 section 4.5.3.1.1)"},
	})
}

var (
	msgSRSAddress   = text{EN: "give the addresses, or - for standard input", JA: "アドレスを指定してください (標準入力から読み取る場合は -)"}
	msgSRSSeparator = text{EN: "--separator {value}: choose =, + or -", JA: "--separator {value}: =、+、- のいずれかを指定してください"}
)
