// Package otelaiolos tells OpenTelemetry what aiolos does.
package otelaiolos
