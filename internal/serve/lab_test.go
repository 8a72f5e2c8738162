package serve

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/todoku/todoku/internal/lab"
	"github.com/todoku/todoku/internal/service"
)

// The lab of a node is there for the pages and for programs.
func TestLab(t *testing.T) {
	keys, err := lab.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	listen, err := lab.ParseListen([]string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	n := startNode(t, func(c *Config) { c.Lab = &lab.Config{Domain: "lab.todoku.example", Keys: keys, Listen: listen} })
	resp, err := http.Post("http://"+n.HTTP.String()+"/api/v1/lab", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var run service.LabRun
	if err := json.NewDecoder(resp.Body).Decode(&run); err != nil || resp.StatusCode != http.StatusCreated || len(run.Receivers) != len(lab.Receivers) {
		t.Fatalf("%s %v %+v", resp.Status, err, run)
	}
	for path, want := range map[string]string{
		"/api/v1/lab/" + run.Token: `"verdict":"unseen"`, "/lab/" + run.Token: run.Token + "@good.lab.todoku.example", "/api/v1/lab/nosuch": `"not-found"`,
	} {
		if _, body := n.get(path); !strings.Contains(body, want) && !strings.Contains(body, want[1:len(want)-1]) {
			t.Errorf("%s lacks %s:\n%.500s", path, want, body)
		}
	}
	without := startNode(t, func(*Config) {})
	if code, _ := without.get("/api/v1/lab/" + run.Token); code != http.StatusNotFound {
		t.Errorf("a run without a lab: %d", code)
	}
}

// A lab that cannot listen ends the node with an error.
func TestLabThatCannotListen(t *testing.T) {
	n := startNode(t, func(*Config) {})
	keys, err := lab.NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	listen, err := lab.ParseListen([]string{n.SMTP.String()})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Database: t.TempDir() + "/t.db", SMTP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Hostname: "mx.todoku.example", MailDomain: "inbox.todoku.example", Resolver: testZone(),
		Lab: &lab.Config{Domain: "lab.todoku.example", Keys: keys, Listen: listen}, Ready: func(*Node) { t.Error("it is ready") },
	}
	if err := Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "outbound lab") {
		t.Errorf("%v", err)
	}
}
