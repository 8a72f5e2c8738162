package filter

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/todoku/todoku/dkim"
)

// TestKeyIsNotShown: whatever prints a key shows which it is, and nothing more.
func TestKeyIsNotShown(t *testing.T) {
	private, err := dkim.GenerateKey("ed25519", 0)
	if err != nil {
		t.Fatal(err)
	}
	k := Key{Domain: "a.example", Selector: "s", Signer: private}
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	for got, want := range map[string]string{
		fmt.Sprintf("%v", k): "d=a.example s=s", fmt.Sprintf("%+v", []Key{k}): "[d=a.example s=s]", fmt.Sprintf("%#v", k): "d=a.example s=s",
		fmt.Sprintf("%x", &k): "d=a.example s=s", string(b): `"d=a.example s=s"`, k.LogValue().String(): "d=a.example s=s",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
