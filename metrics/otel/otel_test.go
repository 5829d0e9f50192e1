package otel

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	api "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	say brio.Call[string, string] = "say"

	remoteTrace = "0af7651916cd43dd8448eb211c80319c"
	remoteSpan  = "b7ad6b7169203331"
)

// A client that has brought a traceparent says something good, something that is
// refused, something that fails, and something that nobody handles.
func TestHandlersAreSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := tracetest.NewInMemoryExporter()
		provider := trace.NewTracerProvider(trace.WithSyncer(memory))
		server := brio.NewServer(brio.Config{Observer: Observer(Config{TracerProvider: provider}), KeepHeaders: []string{}})
		ns := server.Of("/org-{id}")
		say.Handle(ns, func(ctx context.Context, _ *brio.Socket, text string) (string, error) {
			_, span := provider.Tracer("test").Start(ctx, "inner")
			defer span.End()
			switch text {
			case "refuse":
				return "", brio.Errorf("no")
			case "fail":
				return "", errors.New("broken")
			}
			time.Sleep(time.Second)
			return text, nil
		})
		net := briotest.Serve(t, server)
		config := client.Config{}
		config.Engine.Header = http.Header{"Traceparent": {"00-" + remoteTrace + "-" + remoteSpan + "-01"}}
		c := net.Connect(t, "/org-1", config)
		id := c.ID()
		_, _ = say.Do(t.Context(), c, "good")
		_, _ = say.Do(t.Context(), c, "refuse")
		_, _ = say.Do(t.Context(), c, "fail")
		_ = c.Emit("x" + strings.Repeat("y", 100))
		synctest.Wait()
		c.Close()
		synctest.Wait()

		spans := memory.GetSpans()
		var names []string
		for _, s := range spans {
			names = append(names, s.Name)
			if got := s.SpanContext.TraceID().String(); got != remoteTrace {
				t.Errorf("%s is of the trace %s", s.Name, got)
			}
			if s.Name != "inner" && s.Parent.SpanID().String() != remoteSpan {
				t.Errorf("the parent of %s is %s", s.Name, s.Parent.SpanID())
			}
		}
		if got := strings.Join(names, ", "); got != "process connect, inner, process say, inner, process say, inner, process say, process, process disconnect" {
			t.Fatalf("spans are %s", got)
		}
		good, refused, failed, unknown := spans[2], spans[4], spans[6], spans[7]
		if spans[1].Parent.SpanID() != good.SpanContext.SpanID() {
			t.Error("what a handler does is not below its span")
		}
		if d := good.EndTime.Sub(good.StartTime); d != time.Second || good.SpanKind != api.SpanKindConsumer || good.Status.Code != codes.Unset {
			t.Errorf("a handler of a second is %v, %v, %v", d, good.SpanKind, good.Status)
		}
		if refused.Status.Code != codes.Unset || attributesOf(refused)["error.type"] != "*brio.Error" {
			t.Errorf("what is refused has %v, %v", refused.Status, attributesOf(refused))
		}
		if failed.Status.Code != codes.Error || failed.Status.Description != "broken" || len(failed.Events) != 1 {
			t.Errorf("what fails has %v, %v", failed.Status, failed.Events)
		}
		want := map[string]string{
			"messaging.system":               "socket.io",
			"messaging.operation.name":       "process",
			"messaging.operation.type":       "process",
			"messaging.destination.name":     "/org-1",
			"messaging.destination.template": "/org-{id}",
			"messaging.client.id":            id,
			"messaging.message.body.size":    strconv.Itoa(len(`["say","good"]`)),
			"messaging.socket.io.namespace":  "/org-1",
			"messaging.socket.io.event_name": "say",
			"brio.event.wait":                "0",
		}
		if got := attributesOf(good); !maps.Equal(got, want) {
			t.Errorf("attributes are %v, want %v", got, want)
		}
		if _, named := attributesOf(unknown)["messaging.socket.io.event_name"]; named {
			t.Error("an event without a handler gives a span a name")
		}
	})
}

func attributesOf(s tracetest.SpanStub) map[string]string {
	all := map[string]string{}
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.String()
	}

	return all
}

// What a provider does not record is not described; a handshake that says nothing
// begins traces.
func TestWithoutParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := tracetest.NewInMemoryExporter()
		for _, sampler := range []trace.Sampler{trace.NeverSample(), trace.AlwaysSample()} {
			provider := trace.NewTracerProvider(trace.WithSyncer(memory), trace.WithSampler(sampler))
			server := brio.NewServer(brio.Config{Observer: Observer(Config{TracerProvider: provider})})
			briotest.Serve(t, server).Connect(t, "/", client.Config{})
			synctest.Wait()
		}
		spans := memory.GetSpans()
		if len(spans) != 1 || spans[0].Name != "process connect" || spans[0].Parent.IsValid() {
			t.Errorf("spans are %v", spans)
		}
	})
}
