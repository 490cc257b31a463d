package connector

import (
	stderrors "errors"
	"fmt"
	"time"

	"github.com/aiolos-http/aiolos/errors"
)

func (x *exchange) totalTimeoutError(phase errors.Phase) *errors.TimeoutError {
	began := x.times.start
	if s := SettingsFrom(x.request.Context()); s != nil && !s.Started.IsZero() {
		began = s.Started
	}
	return &errors.TimeoutError{
		Kind: errors.ErrTotalTimeout, Phase: phase, Limit: x.settings.Total.Sub(began),
		Elapsed: time.Since(began), Host: x.key.Addr(),
	}
}

// readTimeoutError is the error for a peer that was silent for longer than sock_read.
func (x *exchange) readTimeoutError(phase errors.Phase) error {
	return &errors.TimeoutError{
		Kind: errors.ErrSocketTimeout, Phase: phase, Limit: x.timeout.SockRead,
		Elapsed: time.Since(x.times.start) - x.times.gotConn, Host: x.key.Addr(),
	}
}

// explainWait says what a request that ran out of time in the queue has waited for.
func (c *Connector) explainWait(k key) error {
	st := c.Stats()
	inHost, _ := c.pool.HostLoad(k)
	used, limit, where := st.InUse, c.config.Limit, ""
	reason := c.waitReason(st.InUse, inHost)
	if reason == WaitLimitPerHost {
		used, limit, where = inHost, c.config.LimitPerHost, " to "+k.Addr()
	}
	switch {
	case reason == WaitConnection:
		return stderrors.New("it waited for a connection that another request was making")
	case st.Unread == 0:
		return fmt.Errorf("%d of %d%s in use", used, limit, where)
	case where == "":
		return fmt.Errorf("%d of %d in use, %d by responses that nobody has read to their end or closed", used, limit, st.Unread)
	}
	return fmt.Errorf("%d of %d%s in use; %d responses, of all hosts, that nobody has read to their end or closed", used, limit, where, st.Unread)
}
