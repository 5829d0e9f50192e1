package schema_test

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/schema"
)

type Args struct {
	N int `json:"n"`
}

func handle[Req, Res any](ns *brio.Namespace, event string) {
	brio.Call[Req, Res](event).Handle(ns, func(context.Context, *brio.Socket, Req) (res Res, err error) { return res, nil })
}

func TestDocument(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	shop, main := server.Of("/shop"), server.Of("/")
	handle[order, []page[item]](shop, "place")
	handle[brio.None, map[string]*order](shop, "list")
	handle[[]byte, *Args](main, "photo")
	handle[Args, page[map[string]protocol.Limits]](main, "args")
	handle[protocol.Violation, brio.None](main, "same")
	main.On("any", func(context.Context, *brio.Socket, brio.Args) error { return nil })
	got := schema.Document(main, shop)
	if again := schema.Document(main, shop); string(again) != string(got) {
		t.Error("the same events give another document")
	}
	if os.Getenv("UPDATE") != "" {
		_ = os.WriteFile("testdata/document.json", got, 0o600)
	}
	want, err := os.ReadFile("testdata/document.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	var all struct {
		Namespaces map[string]map[string]struct{ Argument, Answer json.RawMessage }
		Defs       map[string]json.RawMessage `json:"$defs"`
	}
	if err := json.Unmarshal(got, &all); err != nil {
		t.Fatal(err)
	}
	for _, events := range all.Namespaces {
		for name, e := range events {
			for _, side := range []json.RawMessage{e.Argument, e.Answer} {
				if side == nil {
					continue
				}
				text, _ := json.Marshal(map[string]any{"$defs": all.Defs, "allOf": []any{side}})
				if _, err := schema.Parse(text); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}
