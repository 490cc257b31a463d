// Package telemetry has the tests that need the library and what tells of it all at once:
// that events, Stats, the metrics of OpenTelemetry and those of Prometheus say the same. It
// is a module of its own, because none of these depends on all the others.
package telemetry
