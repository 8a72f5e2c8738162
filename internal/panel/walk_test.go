package panel

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/store"
)

// counted is what a walk asks of a store, with how often it did.
type counted struct {
	*store.Store
	one, many int
}

func (c *counted) Forward(ctx context.Context, domain, local string) (store.Forward, error) {
	c.one++
	return c.Store.Forward(ctx, domain, local)
}

func (c *counted) ForwardAddresses(ctx context.Context, domains []string) (map[string]bool, error) {
	if len(domains) > 0 {
		c.many++
	}
	return c.Store.ForwardAddresses(ctx, domains)
}

// TestForwardLookUps: however many destinations and domains a file names, what is kept is asked for once.
func TestForwardLookUps(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	must(t, second(p.SetForward(ctx, admin, "b.example", ForwardRequest{Address: "end", To: []string{"me@far.example"}})))
	var list []store.Forward
	for i := range 200 {
		f := store.Forward{Domain: "a.example", Local: fmt.Sprint("u", i), Targets: []string{"end@b.example"}}
		for j := range MaxTargets - 1 {
			f.Targets = append(f.Targets, fmt.Sprintf("x@d%d-%d.example", i, j))
		}
		list = append(list, f)
	}
	c := &counted{Store: p.Store}
	way, err := newWalk(ctx, c, list...)
	must(t, err)
	steps := way.left
	for i := range list {
		must(t, way.endless(ctx, &list[i]))
	}
	if c.many != 2 || c.one != 1 || steps-way.left != 1 { // what the file names, where the one that is kept leads, and that one
		t.Errorf("%d times for many, %d for one, %d steps", c.many, c.one, steps-way.left)
	}
}

// TestForwardFileComesBack: a file that was written is one that can be read, with as many destinations as there may be, also where these have destinations.
func TestForwardFileComesBack(t *testing.T) {
	p, _ := forwarding(t)
	ctx := t.Context()
	var b strings.Builder
	b.WriteString("address,to\n")
	for i := range 100 {
		var far, near []string
		for j := range MaxTargets {
			far, near = append(far, fmt.Sprintf("x%d@d%d.example", j, i)), append(near, fmt.Sprintf("u%d@b.example", 5*i+j))
		}
		fmt.Fprintf(&b, "far%d@a.example,%s\nnear%d@a.example,%s\n", i, strings.Join(far, " "), i, strings.Join(near, " "))
	}
	for i := range 515 {
		fmt.Fprintf(&b, "u%d@b.example,me@else.example\n", i)
	}
	done, err := p.ImportForwards(ctx, admin, strings.NewReader(b.String()), false)
	if err != nil || done.Made != 715 {
		t.Fatalf("%+v, %v", done, err)
	}
	b.Reset()
	must(t, p.ExportForwards(ctx, admin, &b))
	if done, err := p.ImportForwards(ctx, admin, strings.NewReader(b.String()), false); err != nil || done != (Imported{Same: 715}) {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestForwardLoopsOfFile: of the lines of a file those are named whose mail comes back, however they come to the loop, and after whichever line.
func TestForwardLoopsOfFile(t *testing.T) {
	p, _ := forwarding(t)
	for file, want := range map[string]string{
		"p,p+x\np+x,q\nq,p+y\n":              "2 3 4", // p+y is p, without its extension
		"s,p x\np,q\nq,r x\nr,p\nx,\n":       "3 4 5",
		"s,x\nx,y z\ny,end\nz,y end\nend,\n": "",
		"p,q\nq,r\nr,q\ns,p\n":               "3 4",
		"a,b c\nb,d\nc,d\nd,e\ne,c\n":        "4 5 6",
	} {
		var b strings.Builder
		b.WriteString("address,to\n")
		for line := range strings.Lines(file) {
			from, to, _ := strings.Cut(strings.TrimSpace(line), ",")
			if to == "" {
				to = "far"
			}
			fmt.Fprintf(&b, "%s@a.example,%s@a.example\n", from, strings.ReplaceAll(to, " ", "@a.example "))
		}
		_, err := p.ImportForwards(t.Context(), admin, strings.NewReader(b.String()), true)
		var all *Faults
		got := ""
		if errors.As(err, &all) {
			for _, f := range all.List {
				got += fmt.Sprint(" ", f.Line)
			}
		} else if err != nil {
			t.Errorf("%q: %v", file, err)
		}
		if strings.TrimSpace(got) != want {
			t.Errorf("%q: lines %q, want %q", file, got, want)
		}
	}
}

// TestLongWay: mail goes over no more addresses than it may, and no walk is deeper.
func TestLongWay(t *testing.T) {
	p, _ := forwarding(t)
	for length, ok := range map[int]bool{maxWalk: true, maxWalk + 5: false} {
		var b strings.Builder
		b.WriteString("address,to\n")
		for i := range length {
			fmt.Fprintf(&b, "s%d@a.example,s%d@a.example\n", i, i+1)
		}
		_, err := p.ImportForwards(t.Context(), admin, strings.NewReader(b.String()), true)
		var all *Faults
		if ok && err != nil || !ok && !errors.As(err, &all) {
			t.Errorf("%d: %v", length, err)
		}
	}
}
