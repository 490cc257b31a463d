package waterfall

import "github.com/aiolos-http/aiolos/session"

// Of returns the chart of one exchange.
func Of(t session.Timing) Chart {
	return Chart{
		Phases: []Phase{
			{"queue", t.Queue},
			{"dns", t.DNS},
			{"connect", t.Connect},
			{"tls", t.TLS},
			{"request", t.Request},
			{"first byte", t.FirstByte},
			{"body", t.Body},
		},
		Total: t.Total,
	}
}
