package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// A mail gateway takes every sign-up and answers none: a reset leaves all the same, from the page to the gateway.
func TestAResetLeavesWhileSignUpsHang(t *testing.T) {
	type mail struct{ Template, Text string }
	arrived := make(chan mail, 100)
	hang := make(chan struct{})
	end := make(chan struct{})
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m mail
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		arrived <- m
		select {
		case <-hang:
			if m.Template == "sign-up" {
				<-end
			}
		default:
		}
		fmt.Fprint(w, `{}`)
	}))
	defer gateway.Close()
	h := testHouse(t, func(c *Config) {
		path := filepath.Join(c.Data, "latchkey.yaml")
		writeFile(t, path, `notify:
  gateways:
    - {name: first, channels: [email], url: "`+gateway.URL+`", slots: 2, timeout: 40s, content-type: application/json,
       body: "{\"template\":{{.Template | json}},\"text\":{{.Text | json}},\"id\":{{.ID | json}}}"}
`)
		read, _, err := loadConfig(path, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Notify = read.Notify
	})
	defer delivering(t, h)()
	defer close(end)
	call(t, h, "/api/v1/sign-up", map[string]any{"email": "wei@example.com"}, nil)
	_, link, _ := strings.Cut((<-arrived).Text, "http://localhost:8080/sign-up/")
	link, _, _ = strings.Cut(link, "\n")
	call(t, h, "/api/v1/sign-up/confirm", newSeller(link), nil)

	close(hang)
	for i := range 14 { // more than wait in the gateway's lane
		call(t, h, "/api/v1/sign-up", map[string]any{"email": fmt.Sprintf("other%d@example.com", i)}, nil)
	}
	if m := <-arrived; m.Template != "sign-up" {
		t.Fatalf("got %q at the gateway, want a sign-up that hangs", m.Template)
	}
	call(t, h, "/api/v1/forgot", map[string]any{"identifier": "wei@example.com"}, nil)
	for m := range arrived { // waits for the event; without room for resets it never comes
		if m.Template == "reset" {
			break
		}
	}
}
