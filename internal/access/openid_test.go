package access

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/store"
)

func copyBody(w io.Writer, r *http.Response) (int64, error) { return io.Copy(w, r.Body) }

func value(setCookie string) string {
	c, err := http.ParseSetCookie(setCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// provider plays an OpenID Connect provider, by the real protocol: discovery, keys,
// and the exchange of a code for a signed ID token.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey

	claims    map[string]any // of the next ID token, over the usual ones
	nonce     string         // what the browser was sent with
	challenge string
	badKey    bool
}

func newProvider(t *testing.T) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{key: key}
	b64 := base64.RawURLEncoding
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": b64.EncodeToString(key.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if r.FormValue("code") != "the code" || b64.EncodeToString(sum[:]) != p.challenge {
			w.WriteHeader(http.StatusBadRequest)
			answer(w, map[string]any{"error": "invalid_grant", "secret": "do not show"})
			return
		}
		answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.token(t)})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) token(t *testing.T) string {
	claims := map[string]any{"iss": p.URL, "aud": "todoku", "sub": "42", "nonce": p.nonce, "email": "Ann@example.com", "email_verified": true,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	for k, v := range p.claims {
		claims[k] = v
	}
	b64 := base64.RawURLEncoding
	body, _ := json.Marshal(claims)
	signed := b64.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + b64.EncodeToString(body)
	sum := sha256.Sum256([]byte(signed))
	key := p.key
	if p.badKey {
		key, _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64.EncodeToString(sig)
}

// visit is one whole login, as a browser would go through it; change spoils it.
func (p *provider) visit(t *testing.T, k *Keeper, change func(url.Values)) (who store.Person, err error) {
	t.Helper()
	now := time.Now()
	var cookie *http.Cookie
	request := func(f func(r *http.Request)) {
		r := httptest.NewRequest("GET", "/", nil)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		w := httptest.NewRecorder()
		k.LoadAndSave(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r) })).ServeHTTP(w, r)
		if c := w.Result().Cookies(); len(c) > 0 {
			cookie = c[0]
		}
	}
	var back url.Values
	request(func(r *http.Request) {
		to, err := k.OpenIDURL(r.Context(), now)
		if err != nil {
			t.Fatal(err)
		}
		q := mustURL(to).Query()
		p.nonce, p.challenge = q.Get("nonce"), q.Get("code_challenge")
		if !strings.HasPrefix(to, p.URL+"/authorize?") || q.Get("client_id") != "todoku" || q.Get("redirect_uri") != "https://todoku.example/login/openid/back" || p.challenge == "" {
			t.Fatalf("sent to %s", to)
		}
		back = url.Values{"state": {q.Get("state")}, "code": {"the code"}}
	})
	if change != nil {
		change(back)
	}
	request(func(r *http.Request) {
		who, err = k.OpenIDBack(r.Context(), back, now.Add(time.Minute))
	})
	return who, err
}

func TestOpenID(t *testing.T) {
	p := newProvider(t)
	k := newKeeper(t, &OpenIDConfig{
		Issuer: p.URL, ClientID: "todoku", ClientSecret: "secret", Redirect: "https://todoku.example/login/openid/back",
		Allow: []string{"@example.com"}, Admins: []string{"ann@example.com"}, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
	ann, err := p.visit(t, k, nil)
	if err != nil || ann.Name != "ann@example.com" || ann.Role != Admin {
		t.Fatalf("%+v %v", ann, err)
	}
	if again, err := p.visit(t, k, nil); err != nil || again.ID != ann.ID {
		t.Errorf("the second visit: %+v %v", again, err)
	}
	p.claims = map[string]any{"sub": "43", "email": "bob@example.com"}
	bob, err := p.visit(t, k, nil)
	if err != nil || bob.Role != User {
		t.Fatalf("%+v %v", bob, err)
	}
	for _, c := range []struct {
		name   string
		claims map[string]any
		change func(url.Values)
		badKey bool
		want   error
	}{
		{"another domain", map[string]any{"sub": "44", "email": "eve@example.net"}, nil, false, ErrNotAllowed},
		{"a subdomain", map[string]any{"sub": "44", "email": "eve@a.example.com"}, nil, false, ErrNotAllowed},
		{"an address that nobody verified", map[string]any{"sub": "44", "email_verified": false}, nil, false, ErrNotAllowed},
		{"no address", map[string]any{"sub": "44", "email": ""}, nil, false, ErrNotAllowed},
		{"the name of somebody else", map[string]any{"sub": "44", "email": "bob@example.com"}, nil, false, ErrTaken},
		{"another audience", map[string]any{"aud": "other"}, nil, false, ErrOpenID},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, nil, false, ErrOpenID},
		{"expired", map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, nil, false, ErrOpenID},
		{"the nonce of another login", map[string]any{"nonce": "other"}, nil, false, ErrOpenID},
		{"another key", nil, nil, true, ErrOpenID},
		{"another state", nil, func(q url.Values) { q.Set("state", "other") }, false, ErrOpenID},
		{"no state", nil, func(q url.Values) { q.Del("state") }, false, ErrOpenID},
		{"another code", nil, func(q url.Values) { q.Set("code", "other") }, false, ErrOpenID},
		{"refused by the provider", nil, func(q url.Values) { q.Set("error", "access_denied") }, false, ErrOpenID},
	} {
		p.claims, p.badKey = c.claims, c.badKey
		who, err := p.visit(t, k, c.change)
		if !errors.Is(err, c.want) || who.ID != "" {
			t.Errorf("%s: %+v %v", c.name, who, err)
		}
		if err != nil && strings.Contains(err.Error(), "do not show") {
			t.Errorf("%s shows the answer: %v", c.name, err)
		}
	}
	p.claims, p.badKey = map[string]any{"sub": "43", "email": "bob@example.com"}, false
	if err := k.Change(ctx, bob.ID, Customer, false); err != nil {
		t.Fatal(err)
	}
	if who, err := p.visit(t, k, nil); err != nil || who.ID != bob.ID || who.Role != Customer {
		t.Errorf("a customer comes back: %+v %v", who, err)
	}
	if err := k.Change(ctx, bob.ID, User, true); err != nil {
		t.Fatal(err)
	}
	if _, err := p.visit(t, k, nil); !errors.Is(err, ErrWrong) {
		t.Errorf("somebody who is disabled: %v", err)
	}
	k.openID.Admins = []string{"bob@example.com"}
	if err := k.Change(ctx, bob.ID, Customer, false); err != nil {
		t.Fatal(err)
	}
	if who, err := p.visit(t, k, nil); err != nil || who.Role != Admin {
		t.Errorf("a customer on the list of administrators: %+v %v", who, err)
	}
	k.openID.Admins = nil
	p.claims = nil
	if who, err := p.visit(t, k, nil); err != nil || who.Role != User {
		t.Errorf("no longer on the list of administrators: %+v %v", who, err)
	}
}

func TestOpenIDConfig(t *testing.T) {
	good := OpenIDConfig{Issuer: "https://id.example", ClientID: "c", Redirect: "https://todoku.example/back", Allow: []string{"@example.com"}}
	for name, change := range map[string]func(*OpenIDConfig){
		"in the clear": func(c *OpenIDConfig) { c.Issuer = "http://id.example" },
		"no issuer":    func(c *OpenIDConfig) { c.Issuer = "" },
		"no redirect":  func(c *OpenIDConfig) { c.Redirect = "/back" },
		"no client":    func(c *OpenIDConfig) { c.ClientID = "" },
		"nobody":       func(c *OpenIDConfig) { c.Allow = nil },
	} {
		c := good
		change(&c)
		if _, err := newOpenID(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := newOpenID(good); err != nil {
		t.Error(err)
	}
}
