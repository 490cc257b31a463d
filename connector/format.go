package connector

import (
	"fmt"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes what is set, without credentials and the values of headers, whatever the verb.
func (cfg Config) Format(f fmt.State, verb rune) { redact.Of(cfg).Format(f, verb) }

// MarshalJSON writes what Format does.
func (cfg Config) MarshalJSON() ([]byte, error) { return redact.Of(cfg).MarshalJSON() }

// Format writes the proxy without its credentials, whatever the verb.
func (p Proxy) Format(f fmt.State, verb rune) { redact.Of(p).Format(f, verb) }

// MarshalJSON writes what Format does.
func (p Proxy) MarshalJSON() ([]byte, error) { return redact.Of(p).MarshalJSON() }

// Format writes what is set, without credentials and the values of headers, whatever the verb.
func (s Settings) Format(f fmt.State, verb rune) { redact.Of(s).Format(f, verb) }

// MarshalJSON writes what Format does.
func (s Settings) MarshalJSON() ([]byte, error) { return redact.Of(s).MarshalJSON() }

// Format writes the settings, whatever the verb.
func (c *settingsContext) Format(f fmt.State, verb rune) { c.settings.Format(f, verb) }

// Format writes the connection, without the values of headers, whatever the verb.
func (i ConnInfo) Format(f fmt.State, verb rune) { redact.Of(i).Format(f, verb) }

// MarshalJSON writes what Format does.
func (i ConnInfo) MarshalJSON() ([]byte, error) { return redact.Of(i).MarshalJSON() }

// Format writes the name, whatever the verb.
func (h RawHeader) Format(f fmt.State, verb rune) { redact.Of(h).Format(f, verb) }

// MarshalJSON writes what Format does.
func (h RawHeader) MarshalJSON() ([]byte, error) { return redact.Of(h).MarshalJSON() }

// Format writes the configuration, without credentials, whatever the verb.
func (c *Connector) Format(f fmt.State, verb rune) { c.redactedConfig().Format(f, verb) }

// MarshalJSON writes what Format does.
func (c *Connector) MarshalJSON() ([]byte, error) { return c.redactedConfig().MarshalJSON() }

func (c *Connector) redactedConfig() redact.Struct {
	return redact.Of(c.config).Named("connector.Connector")
}

// Format writes the name of the type: what it has recorded may hold secrets.
func (r *Recorder) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "connector.Recorder"}.Format(f, verb)
}
