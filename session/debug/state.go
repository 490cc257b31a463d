package debug

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aiolos-http/aiolos/connector"
	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/internal/redact"
	"github.com/aiolos-http/aiolos/session"
)

// Config says what a [Handler] shows.
type Config struct {
	// Session is whose calls are shown, and those of all that are derived from the
	// same one. It must not be nil. From [New] on it keeps a list of them: see
	// [session.Session.Inspect].
	Session *session.Session
	// Stats are further numbers, by their names, such as the Stats method of a
	// policy of package middleware. Each is called when somebody looks, perhaps by
	// several goroutines at once, and what it returns is shown as JSON: it must
	// have no secret. Nil is none. The map is not to be changed afterwards.
	Stats map[string]func() any
	// Hosts are the names by which browsers reach the page, without a port, such as
	// "ops.example". Over TCP a request for any other name is refused, but for localhost,
	// what ends in .localhost, and IP addresses: else a page of another site could have
	// its own name point here, and read this one in the browser of somebody who reaches
	// it (DNS rebinding). Nil is none. It is copied.
	Hosts []string
}

// Handler serves the page. It is safe for concurrent use.
type Handler struct {
	session   *session.Session
	inspector *session.Inspector
	stats     map[string]func() any
	hosts     map[string]bool // in the form of httprule.Host

	mu   sync.Mutex
	next map[string]*look // by format, of those that have not begun
	turn chan struct{}    // full: somebody looks, or waits to
	free time.Time        // when the next look may begin; of the one who has the turn
}

var _ http.Handler = (*Handler)(nil)

// New returns a Handler. The error is an [errors.InvalidRequestError] for a Config
// without a Session, with a nil function,
// or with one of Hosts that is no name.
func New(cfg Config) (*Handler, error) {
	if cfg.Session == nil {
		return nil, &errors.InvalidRequestError{Field: "Session", Reason: "nil"}
	}
	for name, stats := range cfg.Stats {
		if stats == nil {
			return nil, &errors.InvalidRequestError{Field: "Stats", Reason: name + " is nil"}
		}
	}
	hosts, err := parseHosts(cfg.Hosts)
	if err != nil {
		return nil, err
	}
	return &Handler{
		session: cfg.Session, inspector: cfg.Session.Inspect(), stats: cfg.Stats, hosts: hosts,
		next: map[string]*look{}, turn: make(chan struct{}, 1),
	}, nil
}

// Format writes the configuration, without secrets, whatever the verb.
func (cfg Config) Format(f fmt.State, verb rune) { redact.Of(cfg).Format(f, verb) }

// MarshalJSON writes what Format does.
func (cfg Config) MarshalJSON() ([]byte, error) { return redact.Of(cfg).MarshalJSON() }

// Format writes the name of the type, whatever the verb.
func (h *Handler) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "debug.Handler"}.Format(f, verb)
}

// State is what the page shows, and what the JSON is.
type State struct {
	Time time.Time `json:"time"`
	// Calls are those under way, the oldest first: with a response or without.
	Calls []Call `json:"calls"`
	// Begun is how many calls have begun since the Handler was made.
	Begun uint64 `json:"begun"`
	// Failures are how calls have failed since then, by class, the last first.
	Failures []session.FailureInfo `json:"failures"`
	// Connector has the numbers of the connections; nil with a foreign Transport.
	Connector *Connector `json:"connector,omitempty"`
	// Stats are the numbers that the Config has asked for.
	Stats map[string]any `json:"stats,omitempty"`
}

// Call is a call under way.
type Call struct {
	session.CallInfo
	// Waits is what it waits for, if its Phase is the queue or a middleware has said so;
	// else "".
	Waits string `json:"waits,omitempty"`
}

// Connector is a connector at one moment.
type Connector struct {
	connector.Stats
	Limit        int         `json:"limit"`          // negative: none
	LimitPerHost int         `json:"limit_per_host"` // zero and negative: none
	PerHost      []HostStats `json:"per_host"`
}

// HostStats are the numbers of one host.
type HostStats struct {
	connector.HostStats
	// Waits is what those who wait for the host wait for; "": nobody does.
	Waits string `json:"waits,omitempty"`
}

// State looks at the session now, whoever else does: the pause between two looks of
// [Handler.ServeHTTP] is not for it.
func (h *Handler) State() State {
	s := State{Begun: h.inspector.Begun(), Failures: h.inspector.Failures()}
	waits := map[string]string{}
	if c := h.session.Connector(); c != nil {
		s.Connector = connectorState(c, waits)
	}
	calls := h.inspector.Calls()
	s.Time, s.Calls = time.Now(), make([]Call, len(calls))
	for i, info := range calls {
		s.Calls[i] = Call{CallInfo: info, Waits: info.WaitsFor}
		if info.Phase == session.PhaseQueue {
			scheme, _, _ := strings.Cut(info.Origin, "://")
			s.Calls[i].Waits = cmp.Or(waits[info.Origin], waits[scheme+"://"+info.Server])
		}
	}
	if len(h.stats) > 0 {
		s.Stats = make(map[string]any, len(h.stats))
		for name, stats := range h.stats {
			s.Stats[name] = stats()
		}
	}
	return s
}

// connectorState is how a connector stands. It notes what requests to a server wait for.
func connectorState(c *connector.Connector, waits map[string]string) *Connector {
	hosts, total := c.HostStats()
	state := &Connector{Stats: total, Limit: c.Limit(), LimitPerHost: c.LimitPerHost(), PerHost: make([]HostStats, len(hosts))}
	for i, host := range hosts {
		state.PerHost[i] = HostStats{host, state.waitText(&host)}
		if host.Waiting > 0 {
			waits[host.Scheme+"://"+host.Host] = state.PerHost[i].Waits
		}
	}
	return state
}

// waitText says what requests to a host wait for.
func (c *Connector) waitText(host *connector.HostStats) string {
	switch host.WaitsFor {
	case connector.WaitLimit:
		return fmt.Sprintf("%d of %d slots are in use", c.InUse, c.Limit)
	case connector.WaitLimitPerHost:
		return fmt.Sprintf("%d of %d slots of the host are in use", host.InUse, c.LimitPerHost)
	case connector.WaitConnection:
		return "another request makes a connection that may serve both"
	}
	return ""
}

// Unread are the calls whose response was neither read to its end nor closed.
func (s *State) Unread() []Call {
	var unread []Call
	for _, c := range s.Calls {
		if c.Phase == session.PhaseResponse {
			unread = append(unread, c)
		}
	}
	return unread
}
