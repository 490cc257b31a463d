package ws

import (
	"fmt"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes what is set, without the values of headers, whatever the verb.
func (o Options) Format(f fmt.State, verb rune) { redact.Of(o).Format(f, verb) }

// MarshalJSON writes what Format does.
func (o Options) MarshalJSON() ([]byte, error) { return redact.Of(o).MarshalJSON() }

// Format writes what is set, without the values of headers, whatever the verb.
func (o ReconnectOptions) Format(f fmt.State, verb rune) { redact.Of(o).Format(f, verb) }

// MarshalJSON writes what Format does.
func (o ReconnectOptions) MarshalJSON() ([]byte, error) { return redact.Of(o).MarshalJSON() }

// Format writes the protocol and the address of the peer.
func (c *Conn) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "ws.Conn"}.With("Protocol", c.protocol).With("Remote", fmt.Sprint(c.remote)).Format(f, verb)
}

// MarshalText is Error: the cause may hold secrets.
func (e *CloseError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Format writes the event without the secrets that Err may hold, whatever the verb.
func (e ReconnectEvent) Format(f fmt.State, verb rune) { redact.Of(e).Format(f, verb) }

// MarshalJSON writes what Format does.
func (e ReconnectEvent) MarshalJSON() ([]byte, error) { return redact.Of(e).MarshalJSON() }
