package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	aioerrors "github.com/aiolos-http/aiolos/errors"
	"github.com/aiolos-http/aiolos/ws"
)

// Config is what a console has around it.
type Config struct {
	In      io.Reader // nil: nothing is sent, messages are only printed
	Format  Format
	Printer *Printer
	// Complain is told of a line that makes no sense, and the console goes on;
	// nil: such a line is the end.
	Complain func(error)
	// Wait is how long the peer may be silent after the end of the input before
	// the console closes. Zero closes at once, negative waits for the peer.
	Wait time.Duration
	// Count is after how many messages the console closes; zero: none.
	Count int
}

// LineError is a line of the input that makes no sense.
type LineError struct {
	Line int // from 1
	Err  error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// console is a console at work. The connection is received from by one goroutine
// and sent on by another, so that a peer that answers at once never waits for
// one that is still being told.
type console struct {
	cfg   Config
	conn  *ws.Conn
	pings pings
	pongs chan []byte   // what the peer's last ping has to be answered with
	alive chan struct{} // a message was received
	ended chan error    // the receiver's end
}

// Run talks until the input and what is to be waited for is over, the peer
// closes, or ctx ends, which closes with 1000 too. The connection is closed when
// it returns. The error is nil if the end was an orderly one, that is 1000, 1001
// or none of the peer's codes; that of ctx; or what went wrong.
func Run(ctx context.Context, conn *ws.Conn, cfg Config) error {
	c := &console{
		cfg: cfg, conn: conn,
		pongs: make(chan []byte, 1), alive: make(chan struct{}, 1), ended: make(chan error, 1),
	}
	stop := make(chan struct{})
	defer close(stop)
	// The messages end with the connection, not with ctx: it is closed in order.
	whole := context.WithoutCancel(ctx)
	go func() { c.ended <- c.receiveMessages(whole) }()
	go c.answerPings(whole, stop)
	var lines <-chan line
	if cfg.In != nil {
		lines = readLines(cfg.In, stop)
	}
	ended, err := c.sendInput(ctx, lines)
	if ended {
		_ = conn.Close(ws.CloseNormal, "") // it is over already
		return c.closeError(err)
	}
	closed := conn.Close(ws.CloseNormal, "")
	received := <-c.ended
	switch {
	case err != nil:
		return err
	case closed != nil:
		return closed
	}
	return c.closeError(received)
}

// sendInput sends lines until there is a reason to close. It reports whether the
// receiver has ended, and its error then.
func (c *console) sendInput(ctx context.Context, lines <-chan line) (ended bool, err error) {
	var silence *time.Timer
	var silent <-chan time.Time
	for n := 1; ; {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case err := <-c.ended:
			return true, err
		case <-silent:
			return false, nil
		case <-c.alive:
			if silence != nil {
				silence.Reset(c.cfg.Wait)
			}
		case l := <-lines:
			if l.err != nil {
				if !errors.Is(l.err, io.EOF) || c.cfg.Wait == 0 {
					return false, ignoreEOF(l.err)
				}
				lines = nil
				if c.cfg.Wait > 0 {
					silence = time.NewTimer(c.cfg.Wait)
					defer silence.Stop()
					silent = silence.C
				}
				continue
			}
			done, err := c.handleLine(ctx, l.text, n)
			if done || err != nil {
				return false, err
			}
			n++
		}
	}
}

// ignoreEOF is the error of an input that has ended before its end.
func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return fmt.Errorf("input: %w", err)
}

// handleLine does what a line says, and reports whether that was to close.
func (c *console) handleLine(ctx context.Context, text string, n int) (done bool, err error) {
	cmd, err := c.cfg.Format.Parse(text)
	if err == nil {
		done, err = c.runCommand(ctx, cmd)
		if err != nil && !errors.Is(err, aioerrors.ErrInvalidRequest) {
			// The receiver knows why the connection has ended, if it has.
			return false, c.ignoreAfterEnd(ctx, err)
		}
	}
	if err == nil {
		return done, nil
	}
	if c.cfg.Complain == nil {
		return false, &LineError{Line: n, Err: err}
	}
	c.cfg.Complain(err)
	return false, nil
}

// ignoreAfterEnd returns nil for the failure of a send on a connection that has ended:
// its end is what counts.
func (c *console) ignoreAfterEnd(ctx context.Context, err error) error {
	if ctx.Err() == nil && c.conn.Closed() {
		return nil
	}
	return err
}

// runCommand sends a message or closes.
func (c *console) runCommand(ctx context.Context, cmd Command) (done bool, err error) {
	switch cmd.Type {
	case ws.Close:
		if err := c.conn.Close(cmd.Code, string(cmd.Data)); errors.Is(err, aioerrors.ErrInvalidRequest) {
			return false, err
		}
		return true, nil // another error comes again from the next Close
	case ws.Ping:
		c.pings.noteSent(cmd.Data)
		return false, c.conn.Ping(ctx, cmd.Data)
	case ws.Text:
		return false, c.conn.SendText(ctx, string(cmd.Data))
	default:
		return false, c.conn.SendFrame(ctx, cmd.Type, cmd.Data)
	}
}

// closeError makes an error of the connection's end, or nil of an orderly one.
func (c *console) closeError(err error) error {
	end, ok := errors.AsType[*ws.CloseError](err)
	if !ok {
		return err
	}
	code, reason := end.Code, end.Reason
	if end.Local {
		// The peer's answer to the Close of this side.
		code, reason = c.conn.CloseCode(), c.conn.CloseReason()
	}
	if err := c.cfg.Printer.Close(code, reason); err != nil {
		return err
	}
	switch {
	case end.Local:
		return nil
	case code == ws.CloseNormal, code == ws.CloseGoingAway, code == ws.CloseNoStatus:
		return nil
	}
	return err
}
