package otelaiolos

import (
	"net/http"

	"go.opentelemetry.io/otel/propagation"
)

// headerCarrier is [propagation.HeaderCarrier] that need not spell the names of W3C's
// fields anew each time.
type headerCarrier http.Header

var _ propagation.TextMapCarrier = headerCarrier{}

// Get returns the first value of a field.
func (c headerCarrier) Get(key string) string { return http.Header(c).Get(key) }

// Keys lists the names.
func (c headerCarrier) Keys() []string { return propagation.HeaderCarrier(c).Keys() }

// Set sets a field.
func (c headerCarrier) Set(key, value string) {
	switch key {
	case "traceparent":
		key = "Traceparent"
	case "tracestate":
		key = "Tracestate"
	case "baggage":
		key = "Baggage"
	default:
		key = http.CanonicalHeaderKey(key)
	}
	c[key] = []string{value}
}
