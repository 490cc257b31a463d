// Package promaiolos tells Prometheus what aiolos counts.
package promaiolos
