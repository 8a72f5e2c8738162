package dkim

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The same messages are signed here and verified by foreign programs, and the other
// way round: dkimpy, Mail::DKIM and OpenDKIM, one process each for all messages.

const interopHead = "From: Hanako <hanako@example.com>\r\nTo: taro@example.net\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"

var interopMessages = []struct{ name, raw string }{
	{"plain", interopHead + "Subject: hello\r\n\r\nBody.\r\n"},
	{"folded", interopHead + "Subject: a  long\r\n subject\r\n\tfolded  twice \r\nX-Other:   a \r\n\r\nText  with   spaces \t\r\n\r\nand empty lines\r\n\r\n\r\n"},
	{"8bit", interopHead + "Subject: \xe5\xb1\x8a\xe3\x81\x8f\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xe6\x9c\xac\xe6\x96\x87 \xff\r\n"},
	{"empty", interopHead + "Subject: empty body\r\n\r\n"},
	{"blank", interopHead + "Subject: blank lines only\r\n\r\n\r\n \r\n\r\n"},
	{"1mb", interopHead + "Subject: large\r\n\r\n" + strings.Repeat("The  quick brown fox\tjumps over the lazy dog. \r\n", 22_000)},
}

var interopCanonicalizations = []SignOptions{{}, {Body: Relaxed}, {Header: Relaxed}, {Header: Relaxed, Body: Relaxed}}

// interop is a folder with the messages, the keys and what was signed.
type interop struct {
	dir  string
	ours map[string][]string // by algorithm: files that we signed
}

func newInterop(t *testing.T) *interop {
	t.Helper()
	in := &interop{dir: t.TempDir(), ours: map[string][]string{}}
	var records bytes.Buffer
	for _, algorithm := range []string{"rsa", "ed25519"} {
		fmt.Fprintf(&records, "%s\t%s\n", keyName(algorithm, "example.com"), recordOf(algorithm))
	}
	in.write(t, "records", records.Bytes())
	rsaKey := testKeys["rsa"].(*rsa.PrivateKey)
	in.write(t, "rsa", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	in.write(t, "ed25519", []byte(b64(testKeys["ed25519"].(ed25519.PrivateKey).Seed())))
	for _, m := range interopMessages {
		in.write(t, m.name, []byte(m.raw))
		for _, algorithm := range []string{"rsa", "ed25519"} {
			for _, o := range interopCanonicalizations {
				o.Selector = algorithm
				file := in.write(t, fmt.Sprintf("ours-%s-%s-%v-%v", m.name, algorithm, o.Header, o.Body), []byte(sign(t, m.raw, o)))
				in.ours[algorithm] = append(in.ours[algorithm], file)
			}
		}
	}
	return in
}

func (in *interop) path(name string) string { return filepath.Join(in.dir, name) }

func (in *interop) write(t *testing.T, name string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(in.path(name), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return in.path(name)
}

// missing skips a test by name, or fails where everything has to be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing", what)
	}
	t.Skipf("%s: %s is missing", t.Name(), what)
}

// driver is a foreign program that answers line by line.
type driver struct {
	cmd    *exec.Cmd
	in     *bufio.Writer
	out    *bufio.Scanner
	stderr bytes.Buffer
	knows  []string // algorithms
}

// drive starts the first program that has the library; what names it for people.
func (in *interop) drive(t *testing.T, what, script string, programs ...string) *driver {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			continue
		}
		if d := in.start(t, script, program); d != nil {
			return d
		}
	}
	missing(t, what)
	return nil
}

func (in *interop) start(t *testing.T, script, program string) *driver {
	t.Helper()
	d := &driver{cmd: exec.Command(program, filepath.Join("testdata", "interop", script), in.path("records"), in.path("rsa"), in.path("ed25519"))}
	d.cmd.Stderr = &d.stderr
	stdin, err := d.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.in, d.out = bufio.NewWriter(stdin), bufio.NewScanner(stdout)
	if !d.out.Scan() || !strings.HasPrefix(d.out.Text(), "ready") {
		_ = stdin.Close()
		_ = d.cmd.Wait()
		return nil
	}
	d.knows = strings.Fields(d.out.Text())[1:]
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := d.cmd.Wait(); err != nil {
			t.Errorf("%s: %v: %s", script, err, d.stderr.String())
		}
	})
	return d
}

// ask sends one line and gives the answer without the file it begins with.
func (d *driver) ask(t *testing.T, words ...string) string {
	t.Helper()
	if _, err := d.in.WriteString(strings.Join(words, " ") + "\n"); err != nil {
		t.Fatal(err)
	}
	if err := d.in.Flush(); err != nil {
		t.Fatal(err)
	}
	if !d.out.Scan() {
		t.Fatalf("no answer to %q: %v", words, d.out.Err())
	}
	_, answer, _ := strings.Cut(d.out.Text(), " ")
	return answer
}

// both has a driver verify what we signed, and us verify what it signed.
func (in *interop) both(t *testing.T, d *driver) {
	for _, algorithm := range d.knows {
		for _, file := range in.ours[algorithm] {
			if got := d.ask(t, "verify", file); got != "pass" {
				t.Errorf("%s: they say %s", filepath.Base(file), got)
			}
		}
		for _, m := range interopMessages {
			for _, o := range interopCanonicalizations {
				name := fmt.Sprintf("theirs-%s-%s-%v-%v", m.name, algorithm, o.Header, o.Body)
				if got := d.ask(t, "sign", in.path(m.name), algorithm, o.Header.String(), o.Body.String(), in.path(name)); got != "ok" {
					t.Errorf("%s: they say %s", name, got)
					continue
				}
				in.theirs(t, in.path(name), o)
			}
		}
	}
	broken := in.write(t, "broken", []byte(sign(t, interopMessages[0].raw, SignOptions{})+"x"))
	if got := d.ask(t, "verify", broken); got != "fail" {
		t.Errorf("a changed body: they say %s", got)
	}
}

// theirs verifies a message that a foreign program signed.
func (in *interop) theirs(t *testing.T, file string, o SignOptions) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	vs := verify(t, testZone(), string(raw), Options{})
	if len(vs) != 1 || vs[0].Result != Pass {
		t.Errorf("%s: %s", filepath.Base(file), reasons(vs))
		return
	}
	if s := vs[0].Signature; s.Header != o.Header || s.Body != o.Body {
		t.Errorf("%s: canonicalization %s", filepath.Base(file), s.Canonicalization())
	}
}

func reasons(vs []Verdict) string {
	var b strings.Builder
	for _, v := range vs {
		fmt.Fprintf(&b, "%s (%s) ", v.Result, v.Reason)
	}
	return b.String()
}

func TestInteropDkimpy(t *testing.T) {
	in := newInterop(t)
	in.both(t, in.drive(t, "dkimpy (python3-dkim)", "dkimpy.py", "python3", "/usr/bin/python3"))
}

func TestInteropMailDKIM(t *testing.T) {
	in := newInterop(t)
	in.both(t, in.drive(t, "Mail::DKIM (libmail-dkim-perl)", "mail-dkim.pl", "perl", "/usr/bin/perl"))
}

func TestInteropOpenDKIM(t *testing.T) {
	program, err := exec.LookPath("opendkim")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/opendkim"); err != nil {
			missing(t, "opendkim")
		}
	}
	in := newInterop(t)
	records, err := os.ReadFile(in.path("records"))
	if err != nil {
		t.Fatal(err)
	}
	in.write(t, "dns", bytes.ReplaceAll(records, []byte("\t"), []byte(" ")))
	const common = "Syslog no\nRequireSafeKeys no\n"
	in.write(t, "verify.conf", []byte(common+"Mode v\nTestDNSData file:"+in.path("dns")+"\n"))
	files := slices.Concat(in.ours["rsa"], in.ours["ed25519"])
	broken := in.write(t, "broken", []byte(sign(t, interopMessages[0].raw, SignOptions{})+"x"))
	_, said := in.opendkim(t, program, "verify.conf", append(files, broken))
	for _, file := range files {
		if !succeeded(said, file) {
			t.Errorf("%s: not verified by them", filepath.Base(file))
		}
	}
	if succeeded(said, broken) {
		t.Error("a changed body: verified by them")
	}
	for _, algorithm := range []string{"rsa", "ed25519"} {
		for i, o := range interopCanonicalizations {
			if algorithm == "ed25519" && o.Header == Simple {
				// OpenDKIM 2.11 folds this field anew after it has hashed it: it does not
				// verify such a signature of its own either, nor does dkimpy.
				continue
			}
			conf := fmt.Sprintf("sign-%s-%d.conf", algorithm, i)
			in.write(t, conf, []byte(common+"Mode s\nDomain example.com\nSelector "+algorithm+"\nKeyFile "+in.opendkimKey(t, algorithm)+
				"\nSignatureAlgorithm "+algorithm+"-sha256\nCanonicalization "+o.Header.String()+"/"+o.Body.String()+"\n"))
			for _, m := range interopMessages {
				out, said := in.opendkim(t, program, conf, []string{in.path(m.name)})
				start := strings.Index(out, "DKIM-Signature:")
				if start < 0 {
					t.Errorf("%s %s: not signed: %s%s", m.name, algorithm, out, said)
					continue
				}
				field := strings.TrimRight(strings.ReplaceAll(out[start:], "\r\n", "\n"), "\n")
				file := in.write(t, fmt.Sprintf("opendkim-%s-%s-%v-%v", m.name, algorithm, o.Header, o.Body), []byte(crlfLines(field)+"\r\n"+m.raw))
				in.theirs(t, file, o)
			}
		}
	}
}

// succeeded reports whether OpenDKIM verified a file; it prints 0 bits for an Ed25519 key.
func succeeded(said, file string) bool {
	for line := range strings.SplitSeq(said, "\n") {
		if strings.Contains(line, file+": verification (s=") {
			return strings.HasSuffix(line, "succeeded")
		}
	}
	return false
}

func (in *interop) opendkimKey(t *testing.T, algorithm string) string {
	t.Helper()
	data, err := MarshalPrivateKey(testKeys[algorithm])
	if err != nil {
		t.Fatal(err)
	}
	return in.write(t, "opendkim-"+algorithm+".pem", data)
}

// opendkim runs it over files.
func (in *interop) opendkim(t *testing.T, program, conf string, files []string) (out, said string) {
	t.Helper()
	cmd := exec.Command(program, "-x", in.path(conf), "-v", "-t", strings.Join(files, ","))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Errorf("opendkim: %v: %s", err, stderr.String())
	}
	return stdout.String(), stdout.String() + stderr.String()
}
