package class

import (
	"context"
	"strings"
	"testing"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// school is a class with the network that leads to it.
type school struct {
	*Class
	net *briotest.Site
}

func openSchool(t *testing.T, config site.Config) school {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	c := New(s)
	t.Cleanup(func() {
		c.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	return school{c, briotest.Serve(t, s.Server)}
}

// enter connects somebody, whose ID is their name. Without a role they only look on.
func (s school) enter(t *testing.T, name, role string) *briotest.Client {
	t.Helper()
	auth := map[string]string{}
	if role != "" {
		pass, err := s.site.Passes.Make(site.Person{ID: name, Name: name, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		auth["pass"] = pass
	}
	return s.net.Connect(t, "/class", client.Config{Auth: auth})
}

// until takes events until one is as it should be.
func until[T any](t *testing.T, next func() T, good func(T) bool) T {
	t.Helper()
	for {
		if v := next(); good(v) {
			return v
		}
	}
}

func refused(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it is answered with %v, want %q", err, want)
	}
}

// sum is a question that a test asks.
func sum(seconds int) Question {
	return Question{Text: "1 + 1", Choices: []string{"1", "2", "3"}, Right: 1, Seconds: seconds}
}
