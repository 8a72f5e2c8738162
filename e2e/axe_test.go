package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeVersion is the release of axe-core, of the npm registry, that judges the pages. It is
// for this test alone and no part of the program.
const axeVersion = "4.10.3"

// axe gives the text of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	need(t, "npm", "tar")
	dir := t.TempDir()
	pack := exec.Command("npm", "pack", "--silent", "axe-core@"+axeVersion)
	pack.Dir = dir
	if out, err := pack.CombinedOutput(); err != nil {
		lack(t, "npm gives no axe-core: %v\n%s", err, out)
	}
	out, err := exec.Command("tar", "-xzOf", filepath.Join(dir, "axe-core-"+axeVersion+".tgz"), "package/axe.min.js").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// axeRun leaves out the rules whose findings are never serious, as axe says of each, and waits for no answer from frames, which have no axe.
const axeRun = `(() => {
	const rules = Object.fromEntries(axe._audit.rules.filter(r => r.impact === "minor" || r.impact === "moderate").map(r => [r.id, {enabled: false}]));
	return axe.run(document, {resultTypes: ["violations"], iframes: false, rules}).then(r => JSON.stringify(r.violations));
})()`

// violation is what axe finds.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML string }
}

// serious has axe judge the page that is open, and gives what is serious or worse.
func serious(t *testing.T, ctx context.Context, script, what string) (out []violation) {
	t.Helper()
	var found string
	if err := chromedp.Run(ctx,
		chromedp.Evaluate(script+";true", nil),
		chromedp.Evaluate(axeRun, &found,
			func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
	); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	var all []violation
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Impact == "serious" || v.Impact == "critical" {
			out = append(out, v)
		}
	}
	return out
}

// look fails for what is serious on the page that is open.
func look(t *testing.T, ctx context.Context, script, what string) {
	t.Helper()
	for _, v := range serious(t, ctx, script, what) {
		for _, n := range v.Nodes {
			t.Errorf("%s: %s (%s): %s\n  %.300s", what, v.ID, v.Impact, v.Help, n.HTML)
		}
	}
}
