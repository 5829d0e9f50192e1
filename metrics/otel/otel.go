// Package otel makes OpenTelemetry spans of the handlers of a server.
//
//	server := brio.NewServer(brio.Config{Observer: otel.Observer(otel.Config{})})
//
// The handlers of each event are a span, and so are what lets a socket in and what
// runs when it has gone; what they do with their context is below it. Its parent is
// what the headers of the connection's handshake say, such as traceparent; for the
// second namespace of a connection only those that [brio.Config].KeepHeaders keeps,
// which are all unless it says otherwise. Browsers can't set headers of a WebSocket:
// there each span begins a trace, unless a proxy adds the headers.
package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/briohq/brio"
)

// scope names who makes the spans.
const scope = "github.com/briohq/brio/metrics/otel"

// parent is the span that a socket's handshake named.
const parent brio.Key[trace.SpanContext] = scope

// Config says how spans are made. The zero value works.
type Config struct {
	// TracerProvider makes them. Default: OpenTelemetry's global one.
	TracerProvider trace.TracerProvider
	// Propagator reads the headers of a handshake. Default: W3C Trace Context,
	// traceparent and tracestate.
	Propagator propagation.TextMapPropagator
}

// Observer returns what is to be the server's, or joined with others.
func Observer(config Config) *brio.Observer {
	if config.TracerProvider == nil {
		config.TracerProvider = otel.GetTracerProvider()
	}
	if config.Propagator == nil {
		config.Propagator = propagation.TraceContext{}
	}
	h := handlers{config.TracerProvider.Tracer(scope), config.Propagator}

	return &brio.Observer{Handle: h.handle}
}

type handlers struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// handle is the observer's Handle.
func (h handlers) handle(ctx context.Context, in brio.Incoming) (context.Context, func(error)) {
	// What is told of a socket first is that it connects.
	if in.Event == "connect" {
		headers := propagation.HeaderCarrier(in.Socket.Handshake().Header)
		remote := trace.SpanContextFromContext(h.propagator.Extract(context.Background(), headers))
		if remote.IsValid() {
			parent.Set(in.Socket, remote)
		}
	}
	if remote := parent.Get(in.Socket); remote.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, remote)
	}
	name := "process"
	if in.Handled {
		name += " " + in.Event // otherwise it is any name that the client likes
	}
	ctx, span := h.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer))
	if !span.IsRecording() {
		return ctx, func(error) { span.End() }
	}
	span.SetAttributes(attributes(in)...)

	return ctx, func(err error) {
		end(span, err)
	}
}

// attributes are those of OpenTelemetry's conventions for messaging, and those that
// its instrumentation of Socket.IO in JavaScript has.
func attributes(in brio.Incoming) []attribute.KeyValue {
	ns := in.Socket.Namespace()
	list := []attribute.KeyValue{
		attribute.String("messaging.system", "socket.io"),
		attribute.String("messaging.operation.name", "process"),
		attribute.String("messaging.operation.type", "process"),
		attribute.String("messaging.destination.name", ns.Name()),
		attribute.String("messaging.client.id", in.Socket.ID()),
		attribute.Int("messaging.message.body.size", in.Bytes),
		attribute.String("messaging.socket.io.namespace", ns.Name()),
		attribute.Float64("brio.event.wait", in.Waited.Seconds()),
	}
	if ns.Parent() != nil {
		list = append(list, attribute.String("messaging.destination.template", ns.Parent().Name()))
	}
	if in.Handled {
		list = append(list, attribute.String("messaging.socket.io.event_name", in.Event))
	}

	return list
}

// end ends a span. What a client is told is its own mistake, and no failure of the
// server.
func end(span trace.Span, err error) {
	defer span.End()
	if err == nil {
		return
	}
	span.SetAttributes(attribute.String("error.type", fmt.Sprintf("%T", err)))
	if _, told := err.(*brio.Error); !told { //nolint:errorlint // what is wrapped has more to say
		span.RecordError(err)
		span.SetStatus(codes.Error, err.Error())
	}
}
