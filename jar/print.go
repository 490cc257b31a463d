package jar

import (
	"fmt"

	"github.com/aiolos-http/aiolos/internal/redact"
)

// Format writes the cookie without its value, whatever the verb; String has it.
func (c Cookie) Format(f fmt.State, verb rune) { c.redacted().Format(f, verb) }

// MarshalJSON writes what Format does: to store cookies there is [Jar.WriteJSON].
func (c Cookie) MarshalJSON() ([]byte, error) { return c.redacted().MarshalJSON() }

func (c Cookie) redacted() redact.Struct {
	return redact.Struct{Name: "jar.Cookie"}.With("Name", c.Name).With("Value", redact.Text(redact.Hidden)).
		With("Domain", c.Domain).With("HostOnly", c.HostOnly).With("Path", c.Path).With("Secure", c.Secure).With("HttpOnly", c.HttpOnly)
}

// Format writes how many cookies there are, whatever the verb.
func (j *Jar) Format(f fmt.State, verb rune) {
	redact.Struct{Name: "jar.Jar"}.With("Len", j.Len()).Format(f, verb)
}
