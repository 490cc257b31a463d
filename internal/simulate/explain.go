package simulate

import (
	"context"
	"fmt"
	"slices"

	"github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/middleware"
)

// lost are the classes of a connection that is lost, at whatever moment.
var lost = []error{
	errors.ErrServerDisconnected, errors.ErrClientPayload, errors.ErrClientConnectionReset, errors.ErrClientOS,
	errors.ErrBadHTTPMessage,
}

// explain says what is wrong with an error: that it has no class, or that nothing in
// the plan explains it.
func (v *verdict) explain(r *result) string {
	err := r.err
	if err == nil {
		return v.unexplained(r)
	}
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if !errors.Is(err, errors.ErrClient) && !ended && !isSocketError(err) {
		return fmt.Sprintf("an error without a class: %v (%T)", err, err)
	}
	if v.loose {
		return ""
	}
	for _, class := range v.allowed(r) {
		if errors.Is(err, class) {
			return ""
		}
	}
	return fmt.Sprintf("nothing explains its error: %v (%T)", err, err)
}

// isSocketError: a WebSocket has errors of its own.
func isSocketError(err error) bool {
	_, ok := errors.AsType[interface {
		error
		Is(target error) bool
	}](err)
	return ok
}

// unexplained looks at a success that should be none.
func (v *verdict) unexplained(r *result) string {
	if r.op.Kind != Request || r.op.Shared > 0 || r.status == 200 {
		return ""
	}
	for _, a := range r.op.Answers {
		if a.Status == r.status {
			return ""
		}
	}
	return fmt.Sprintf("a status %d that no server gave", r.status)
}

// allowed are the classes that the plan allows for an error.
func (v *verdict) allowed(r *result) []error {
	op := &r.op
	allowed := v.ends(r)
	for _, a := range op.Answers {
		allowed = append(allowed, byAnswer(a, op)...)
	}
	if op.Host == Evil {
		switch op.Trust {
		case "":
			allowed = append(allowed, errors.ErrClientConnectorCertificate)
		case "wrongpin":
			allowed = append(allowed, errors.ErrServerFingerprintMismatch)
		}
	}
	if op.Once && len(op.redirects()) > 0 {
		allowed = append(allowed, errors.ErrBodyNotReplayable)
	}
	for _, other := range v.plan.Ops {
		allowed = append(allowed, v.byOther(op, &other)...)
	}
	for _, name := range v.plan.Client.Chain {
		switch name {
		case "breaker":
			allowed = append(allowed, middleware.ErrCircuitOpen)
		case "ratelimit":
			allowed = append(allowed, middleware.ErrRateLimit)
		}
	}
	return allowed
}

// ends are the ways in which an operation may be ended by those who began it.
func (v *verdict) ends(r *result) (allowed []error) {
	op, took := &r.op, r.end-r.start
	if op.Cancel > 0 && op.Kind == Request && took >= op.Cancel {
		allowed = append(allowed, context.Canceled)
	}
	if took >= op.Total {
		allowed = append(allowed, errors.ErrTotalTimeout, context.DeadlineExceeded)
	}
	if op.Kind == Save || op.Bare && op.Cancel > 0 && took >= op.Cancel {
		allowed = append(allowed, context.DeadlineExceeded, errors.ErrTimeout)
	}
	if silence := v.plan.Client.SockRead; silence > 0 && took >= silence {
		allowed = append(allowed, errors.ErrSocketTimeout)
	}
	if over := v.client.over; over > 0 && r.end >= over {
		allowed = append(allowed, errors.ErrSessionClosed, errors.ErrConnectorClosed, errors.ErrConnectionClosed)
		allowed = append(allowed, lost...)
	}
	return allowed
}

// byAnswer are the errors that an answer may lead to.
func byAnswer(a Answer, op *Op) (allowed []error) {
	switch a.Fault {
	case Cut, Reset, Close, Extra:
		allowed = append(allowed, lost...)
	case Garbage:
		allowed = append(allowed, errors.ErrBadHTTPMessage)
		allowed = append(allowed, lost...)
	default:
	}
	if op.Kind == Save {
		allowed = append(allowed, errors.ErrClientResponse, errors.ErrClientPayload)
	}
	if a.Early {
		allowed = append(allowed, lost...)
	}
	return allowed
}

// byOther are the errors that an operation may have because of another one.
func (v *verdict) byOther(op, other *Op) (allowed []error) {
	hosts := append(op.redirects(), op.Host)
	if op.Through != "" {
		hosts = append(hosts, op.Through)
	}
	host := other.Host
	switch {
	case other.Kind == Damage && (other.Fault == Flip || other.Fault == Cut) && op.Shared > 0 && v.plan.Client.has("cache"):
		allowed = append(allowed, errors.ErrClient) // of a body that was damaged under it; a head that was is a miss
	case !slices.Contains(hosts, host):
	case other.Kind == Wire && other.Fault != Stall:
		allowed = append(allowed, lost...)
		allowed = append(allowed, errors.ErrClientSSL)
	case other.Kind == Wire && host.secure():
		allowed = append(allowed, errors.ErrConnectionTimeout)
		if host == TLS2 { // no answer to a ping
			allowed = append(allowed, lost...)
		}
	case other.Kind == Dial && other.Fault == NoName:
		allowed = append(allowed, errors.ErrClientConnectorDNS)
	case other.Kind == Dial:
		allowed = append(allowed, errors.ErrClientConnector, errors.ErrConnectionTimeout)
	case host == TLS2 || !repeats(op): // who shares a connection, or cannot be sent twice
		for _, a := range other.Answers {
			if a.Fault == Reset || a.Fault == Close || host != TLS2 && a.Fault != None {
				allowed = append(allowed, lost...)
			}
		}
	}
	return allowed
}

// repeats reports whether a request may be sent again if its connection was dead.
func repeats(op *Op) bool { return !op.Once && (op.Method != "POST" || op.Key) }
