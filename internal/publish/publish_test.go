package publish

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/dns"
)

var ctx = context.Background()

// recorder is a publisher that keeps what it is given.
type recorder struct {
	got  []dns.Change
	fail error
}

func (r *recorder) Apply(_ context.Context, c []dns.Change) error {
	r.got = append(r.got, c...)
	return r.fail
}

func TestZones(t *testing.T) {
	outer, inner := &recorder{}, &recorder{fail: errors.New("down")}
	z := Zones{"Example.com.": outer, "keys.example.com": inner}
	change := func(name string) dns.Change {
		return dns.Change{Action: dns.Add, Name: name, Type: dns.TypeTXT, Data: []string{"x"}}
	}
	err := z.Apply(ctx, []dns.Change{change("a.keys.example.com"), change("b.example.com"), change("example.com.")})
	if err == nil || !strings.Contains(err.Error(), "down") || len(inner.got) != 1 || len(outer.got) != 2 {
		t.Errorf("%v, %v, %v", err, inner.got, outer.got)
	}
	if err := z.Apply(ctx, []dns.Change{change("c.example.com"), change("notexample.com")}); !errors.Is(err, ErrByHand) || len(outer.got) != 2 {
		t.Errorf("%v, %v", err, outer.got)
	}
	if err := z.Apply(ctx, make([]dns.Change, MaxChanges+1)); err == nil {
		t.Error("as many changes as one likes")
	}
}

func TestParseTSIG(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))
	for _, text := range []string{
		"key \"todoku.\" {\n\talgorithm hmac-sha512;\n\tsecret \"" + secret + "\";\n};\n",
		"# made by tsig-keygen\nkey todoku { secret " + secret + "; algorithm HMAC-SHA512; }; // end",
		"hmac-sha512:Todoku.:" + secret + "\n",
	} {
		k, err := ParseTSIG(text)
		if err != nil || k.Name != "todoku" || k.Algorithm != "hmac-sha512" || k.secret != secret {
			t.Errorf("%q: %+v, %v", text, k, err)
			continue
		}
		for _, shown := range []string{k.String(), fmt.Sprintf("%v %+v %#v %d", k, k, k, k), k.LogValue().String()} {
			if strings.Contains(shown, secret) {
				t.Errorf("the secret is shown: %s", shown)
			}
		}
	}
	for _, text := range []string{
		"", "key x { }", "key x { algorithm hmac-md5; secret " + secret + "; };", "key x { algorithm hmac-sha256; secret ###; };",
		"hmac-sha256:x", "hmac-sha256:x:AAAA", "hmac-sha256::" + secret, strings.Repeat(" ", 20<<10),
	} {
		if k, err := ParseTSIG(text); err == nil {
			t.Errorf("%q is a key: %v", text, k)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}

func FuzzParseTSIG(f *testing.F) {
	f.Add("key \"a\" { algorithm hmac-sha256; secret \"MDEyMzQ1Njc4OWFiY2RlZg==\"; };")
	f.Add("hmac-sha256:a:MDEyMzQ1Njc4OWFiY2RlZg==")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseTSIG(text); err == nil && (k.Name == "" || algorithms[k.Algorithm] == "") {
			t.Fatalf("%q: %v", text, k)
		}
	})
}
