// Command figures runs the benchmarks beside their floors and prints the ratios,
// each with the ratio it is meant to reach.
//
// A benchmark BenchmarkX has its floor in BenchmarkXFloor: the work that no
// implementation can avoid, on the same bytes in the same run. The smallest time
// of several rounds is taken of both, so that the ratio means something on a
// noisy machine.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
)

// result is the best of all rounds of one benchmark.
type result struct {
	ns, bytes, allocs float64
	extra             map[string]float64
	all               map[string][]float64 // extra of all rounds
}

// line matches what go test -bench prints for one benchmark.
var line = regexp.MustCompile(`^(Benchmark\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

func main() {
	rounds := flag.Int("rounds", 20, "rounds of each benchmark")
	each := flag.String("benchtime", "60ms", "time of one round")
	only := flag.String("only", "", "measure only groups whose title holds `text`")
	flag.Parse()
	if err := run(*rounds, *each, *only); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func run(rounds int, each, only string) error {
	chosen := slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return !strings.Contains(g.title, only) })
	if len(chosen) == 0 {
		return fmt.Errorf("no group has %q in its title", only)
	}
	missed := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tours\tfloor\tratio\tat most\tallocs\t")
	for _, g := range chosen {
		fmt.Fprintf(os.Stderr, "measuring %s ...\n", g.title)
		rs, err := measure(g, rounds, each)
		if err != nil {
			return err
		}
		for _, f := range g.figures {
			ok, err := print(w, f, rs)
			if err != nil {
				return err
			}
			if !ok {
				missed++
			}
		}
		for _, name := range extras(g, rs) {
			ours := duration(rs[name].ns)
			if v, ok := rs[name].extra[cpu]; ok {
				ours = fmt.Sprintf("%.0f %s", v, cpu)
			}
			fmt.Fprintf(w, "%s\t%s\t\t\t\t%.0f\t\n", strings.TrimPrefix(name, "Benchmark"), ours, rs[name].allocs)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if missed > 0 {
		return fmt.Errorf("%d figures are not reached", missed)
	}
	return nil
}

// measure runs one package's benchmarks in many short rounds, ours and the floor in
// turn: what disturbs the machine for a moment disturbs one round of everything, not
// all of one, and the smallest times are those of rounds that nothing disturbed.
func measure(g group, rounds int, each string) (map[string]result, error) {
	dir, err := os.MkdirTemp("", "figures")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, g.title+".test")
	build := exec.Command("go", "test", "-c", "-o", binary, g.pkg)
	build.Dir = g.dir
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", g.title, err, out)
	}
	if g.rounds > 0 {
		rounds, each = min(rounds, g.rounds), g.each
	}
	count := "3"
	if g.each == once { // it takes turns and medians of its own
		count = "1"
	}
	best := map[string]result{}
	for range rounds {
		cmd := exec.Command(binary, "-test.run", "^$", "-test.bench", g.bench, "-test.benchmem", "-test.count", count, "-test.benchtime", each)
		cmd.Dir = filepath.Join(g.dir, g.pkg)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", g.title, err, out)
		}
		if err := collect(best, out); err != nil {
			return nil, fmt.Errorf("%s: %w", g.title, err)
		}
	}
	if len(best) == 0 {
		return nil, fmt.Errorf("%s: no benchmark matches %s", g.title, g.bench)
	}
	return best, nil
}

func collect(best map[string]result, out []byte) error {
	s := bufio.NewScanner(bytes.NewReader(out))
	for s.Scan() {
		m := line.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		r := result{extra: map[string]float64{}}
		f := strings.Fields(m[2])
		for i := 0; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return fmt.Errorf("reading %q: %w", s.Text(), err)
			}
			switch f[i+1] {
			case "ns/op":
				r.ns = v
			case "B/op":
				r.bytes = v
			case "allocs/op":
				r.allocs = v
			default:
				r.extra[f[i+1]] = v
			}
		}
		old, ok := best[m[1]]
		if r.all = old.all; !ok {
			r.all = map[string][]float64{}
		}
		for unit, v := range r.extra {
			r.all[unit] = append(r.all[unit], v)
		}
		if !ok || r.ns < old.ns {
			best[m[1]] = r
		}
	}
	return s.Err()
}

var errMissing = errors.New("no such benchmark")

// print writes one row; ok says whether the figure is reached.
func print(w *tabwriter.Writer, f figure, rs map[string]result) (ok bool, err error) {
	ours, found := rs["Benchmark"+f.name]
	if !found {
		return false, fmt.Errorf("%w: Benchmark%s", errMissing, f.name)
	}
	if f.unit != "" {
		v, found := ours.extra[f.unit]
		if !found {
			return false, fmt.Errorf("%w: Benchmark%s says no %s", errMissing, f.name, f.unit)
		}
		if f.median {
			all := slices.Sorted(slices.Values(ours.all[f.unit]))
			v = all[len(all)/2]
		}
		if f.upTo > 0 {
			ok = v <= f.upTo
			fmt.Fprintf(w, "%s\t%s %s\t\t\tat most %.0f\t\t%s\n", f.what, digits(v), f.unit, f.upTo, mark(ok))
			return ok, nil
		}
		ok = v >= f.atLeast
		fmt.Fprintf(w, "%s\t%s %s\t\t\tat least %.0f\t\t%s\n", f.what, digits(v), f.unit, f.atLeast, mark(ok))
		return ok, nil
	}
	floor, found := rs["Benchmark"+f.name+"Floor"]
	if !found {
		return false, fmt.Errorf("%w: Benchmark%sFloor", errMissing, f.name)
	}
	ratio := ours.ns / floor.ns
	ok = ratio <= f.atMost && (f.maxAllocs == 0 || ours.allocs <= f.maxAllocs) && (f.maxBytes == 0 || ours.bytes <= f.maxBytes)
	allocs := fmt.Sprintf("%.0f", ours.allocs)
	if f.maxAllocs > 0 {
		allocs += fmt.Sprintf(" of %.0f", f.maxAllocs)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%.2f x\t%.2f x\t%s\t%s\n", f.what, duration(ours.ns), duration(floor.ns), ratio, f.atMost, allocs, mark(ok))
	return ok, nil
}

// extras are the benchmarks of a group that are no figure: peers, mostly.
func extras(g group, rs map[string]result) []string {
	var names []string
	for name := range rs {
		known := strings.HasSuffix(name, "Floor")
		for _, f := range g.figures {
			known = known || name == "Benchmark"+f.name
		}
		if !known && g.showRest {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

func mark(ok bool) string {
	if ok {
		return "ok"
	}
	return "MISSED"
}

// digits writes a number so that it can be told from its limit.
func digits(v float64) string {
	if v < 100 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}

func duration(ns float64) string {
	switch {
	case ns >= 1e6:
		return fmt.Sprintf("%.2f ms", ns/1e6)
	case ns >= 1e3:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	}
	return fmt.Sprintf("%.0f ns", ns)
}
