package site

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

type given struct {
	Pass   string
	Person Person
	Error  string
}

func ask(t *testing.T, s *Site, body string) (int, given) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/pass", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	s.Passes.ServeHTTP(w, r)
	var g given
	if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return w.Code, g
}

func TestPass(t *testing.T) {
	s := open(t, Config{})
	_, first := ask(t, s, `{}`)
	if first.Person.Name == "" || first.Person.Role != "visitor" || first.Person.ID == "" {
		t.Errorf("a pass for anybody is %+v", first.Person)
	}
	_, renamed := ask(t, s, `{"name":" Ada   L. ","role":"teacher","pass":"`+first.Pass+`"}`)
	if want := (Person{first.Person.ID, "Ada L.", "teacher"}); renamed.Person != want {
		t.Errorf("the new pass is %+v, want %+v", renamed.Person, want)
	}
	if who, err := s.Passes.Check(renamed.Pass); err != nil || who != renamed.Person {
		t.Errorf("it says %+v, %v", who, err)
	}
	_, other := ask(t, s, `{"pass":"`+first.Pass+`x"}`)
	if other.Person.ID == first.Person.ID {
		t.Error("a forged pass makes the same person")
	}
	for _, body := range []string{`{"name":"…"}`, `{"name":"` + strings.Repeat("a", MaxName+1) + `"}`, `{"role":"king"}`, `[]`, `{"name":"a\u0000"}`, `{"name":"` + strings.Repeat("a", 5000) + `"}`} {
		if code, g := ask(t, s, body); code != http.StatusBadRequest || g.Error == "" || g.Pass != "" {
			t.Errorf("%.40s is answered with %d %+v", body, code, g)
		}
	}
}

func TestPassesThatAreNotGood(t *testing.T) {
	s, other := open(t, Config{}), open(t, Config{})
	foreign, err := other.Passes.Make(Person{ID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	old := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{RegisteredClaims: jwt.RegisteredClaims{
		Issuer: "brio demo", Subject: "x", ExpiresAt: jwt.NewNumericDate(time.Now().Add(-time.Minute)),
	}})
	expired, err := old.SignedString(s.Passes.key)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, old.Claims).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for name, pass := range map[string]string{"foreign": foreign, "expired": expired, "unsigned": unsigned, "garbage": "a.b.c"} {
		if who, err := s.Passes.Check(pass); err == nil {
			t.Errorf("%s: it is taken for %+v", name, who)
		}
	}
}

func TestPassesOutliveTheProgram(t *testing.T) {
	folder := t.TempDir()
	s := open(t, Config{Data: folder})
	pass, err := s.Passes.Make(Person{ID: "x", Name: "Ada", Role: "agent"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if who, err := open(t, Config{Data: folder}).Passes.Check(pass); err != nil || who.Name != "Ada" {
		t.Errorf("the pass of before says %+v, %v", who, err)
	}
}

func TestAdmit(t *testing.T) {
	s := open(t, Config{})
	ns := s.Server.Of("/app")
	ns.Use(s.Passes.Admit)
	who := brio.Call[brio.None, Person]("who")
	who.Handle(ns, func(_ context.Context, s *brio.Socket, _ brio.None) (Person, error) { return Must(s, "agent") })
	net := briotest.Serve(t, s.Server)

	for role, want := range map[string]string{"": "Without a pass", "customer": "You are here as customer; this takes the role agent", "agent": ""} {
		auth := map[string]string{}
		if role != "" {
			pass, err := s.Passes.Make(Person{ID: "x", Role: role})
			if err != nil {
				t.Fatal(err)
			}
			auth["pass"] = pass
		}
		_, err := who.Do(t.Context(), net.Connect(t, "/app", client.Config{Auth: auth}), brio.None{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q is answered with %v, want %q", role, err, want)
		}
	}
}

func open(t *testing.T, config Config) *Site {
	t.Helper()
	s, err := Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	return s
}

func TestBadRequests(t *testing.T) {
	s := open(t, Config{})
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, "/pass", nil),
		httptest.NewRequest(http.MethodPost, "/pass", bytes.NewReader([]byte(`{}`))), // as a form of another site would
	} {
		w := httptest.NewRecorder()
		s.Passes.ServeHTTP(w, r)
		if w.Code != http.StatusMethodNotAllowed || strings.Contains(w.Body.String(), `"pass":"`) {
			t.Errorf("%s is answered with %d %s", r.Method, w.Code, w.Body)
		}
	}
}
