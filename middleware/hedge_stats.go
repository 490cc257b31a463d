package middleware

// HedgeStats counts what a [Hedger] did since it was made.
type HedgeStats struct {
	Requests int64 // that could be hedged
	Sent     int64 // additional requests
	Won      int64 // of these, whose response was taken
	Lost     int64 // of these, the others; what is neither won nor lost is under way
	Refused  int64 // additional requests that the budget did not allow
	// Budget is how many additional requests the budget has now: see [RetryBudget.Left].
	Budget float64
}

// Stats returns the counters.
func (h *Hedger) Stats() HedgeStats {
	return HedgeStats{
		Requests: h.count.requests.Load(), Sent: h.count.sent.Load(), Won: h.count.won.Load(),
		Lost: h.count.lost.Load(), Refused: h.count.refused.Load(), Budget: h.policy.Budget.Left(),
	}
}

// countRace counts and tells who of the additional requests has won; a winner below 1 is
// none of them.
func (r *hedgeRace) countRace(winner int) {
	for runner := 1; runner < len(r.cancels); runner++ {
		if runner == winner {
			r.count.won.Add(1)
			r.tell(EventWon, runner)
		} else {
			r.count.lost.Add(1)
			r.tell(EventLost, runner)
		}
	}
}

func (r *hedgeRace) tell(kind EventKind, runner int) {
	if r.policy.OnEvent != nil {
		r.policy.OnEvent(r.req.Context(), Event{Policy: "hedge", Kind: kind, Host: originOf(r.req), Attempt: runner + 1})
	}
}
