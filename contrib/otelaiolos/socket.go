package otelaiolos

import (
	"github.com/aiolos-http/aiolos/ws"
	"go.opentelemetry.io/otel/metric"
)

// socketSets are the options of the counters of messages, made once.
var socketSets = func() (sets [2][2][]metric.AddOption) {
	for i, direction := range []string{"received", "sent"} {
		for j, typ := range []string{"text", "binary"} {
			sets[i][j] = []metric.AddOption{metric.WithAttributes(directionKey.String(direction), typeKey.String(typ))}
		}
	}
	return sets
}()

// WebSocket returns a copy of the options with which the messages of the connection are
// counted. Nil is the defaults. The handshake has its span without this, as every attempt.
func (t *Telemetry) WebSocket(o *ws.Options) *ws.Options {
	var own ws.Options
	if o != nil {
		own = *o
	}
	tell := own.OnMessage
	own.OnMessage = func(m ws.MessageEvent) {
		direction, typ := 0, 0
		if m.Sent {
			direction = 1
		}
		if m.Type == ws.Binary {
			typ = 1
		}
		set := socketSets[direction][typ]
		t.meters.messages.Add(backgroundContext, 1, set...)
		t.meters.payload.Add(backgroundContext, int64(m.Size), set...)
		if tell != nil {
			tell(m)
		}
	}
	return &own
}
