package flags

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/complete"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// Credentials are -a and -H, and what is known of the secrets of a command line.
type Credentials struct {
	app         *app.App
	User        string // as it was given: see resolveLogin
	Kind        AuthKind
	headerFlags []string

	given         *pflag.Flag         // -a
	login         string              // of User, or the token
	password      string              // of User, or what was typed for it
	passwordKnown bool                // there is one
	resolved      bool                // User was read
	headers       []syntax.HeaderItem // of -H
	itemNames     []string            // headers of the items, which count more than -H
	secretNames   []string            // headers that stay with the origin they were given for
}

// AddFlags adds the flags to a command.
func (c *Credentials) AddFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&c.User, "auth", "a", "", "USER, whose password is asked for, or USER:PASSWORD, or a token; @FILE has it in its first line")
	c.given = f.Lookup("auth")
	f.VarP(&c.Kind, "auth-type", "A", "what -a is for: basic, digest or bearer (default basic)")
	f.StringArrayVarP(&c.headerFlags, "header", "H", nil, "header, as Name:Value; @FILE reads a file with one a line")
	// The flag is there.
	_ = cmd.RegisterFlagCompletionFunc("header", complete.Header)
}

// readHeaderLines reads -H.
func (c *Credentials) readHeaderLines() error {
	c.headers = nil
	for _, line := range c.headerFlags {
		lines := []string{line}
		if name, ok := strings.CutPrefix(line, "@"); ok {
			data, err := app.ReadText(name)
			if err != nil {
				return err
			}
			lines = strings.Split(string(data), "\n")
		}
		for _, text := range lines {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			h, err := parseHeaderLine(text)
			if err != nil {
				return err
			}
			c.headers = append(c.headers, h)
		}
	}
	return nil
}

// parseHeaderLine reads "Name: value". Without a value the header is left out, and with
// a semicolon it is empty, as among the items.
func parseHeaderLine(text string) (syntax.HeaderItem, error) {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		if name, ok = strings.CutSuffix(text, ";"); !ok {
			// The text may be a secret.
			return syntax.HeaderItem{}, errors.New("-H: a header is written as Name:Value")
		}
		return syntax.HeaderItem{Name: name}, nil
	}
	value = strings.TrimSpace(value)
	return syntax.HeaderItem{Name: strings.TrimSpace(name), Value: value, Unset: value == ""}, nil
}

// NoteHeaders notes the headers of the items.
func (c *Credentials) NoteHeaders(headers []syntax.HeaderItem) {
	for _, h := range headers {
		c.itemNames = append(c.itemNames, h.Name)
		if secret.Header(h.Name) {
			c.secretNames = append(c.secretNames, http.CanonicalHeaderKey(h.Name))
		}
	}
}

// SensitiveHeaders are the secret headers that the library does not know for such.
func (c *Credentials) SensitiveHeaders() []string {
	known := slices.DeleteFunc(slices.Clone(c.secretNames), func(name string) bool {
		return name == "Authorization" || name == "Cookie" || name == "Proxy-Authorization"
	})
	slices.Sort(known)
	return slices.Compact(known)
}

// RemainingHeaders are the headers of -H that no item replaces.
func (c *Credentials) RemainingHeaders() []syntax.HeaderItem {
	return slices.DeleteFunc(slices.Clone(c.headers), func(h syntax.HeaderItem) bool {
		return slices.ContainsFunc(c.itemNames, func(name string) bool { return strings.EqualFold(name, h.Name) })
	})
}

// sessionOptions are what -a and -H mean for every request. A header that is to be left
// out and that the session forgets is none that the library sets.
func (c *Credentials) sessionOptions(forgets func(name string) bool) ([]session.Option, error) {
	if err := c.readHeaderLines(); err != nil {
		return nil, exitcode.AsUsage(err)
	}
	var options []session.Option
	for _, h := range c.RemainingHeaders() {
		if h.Unset {
			if !forgets(h.Name) {
				options = append(options, session.SkipHeader(h.Name))
			}
			continue
		}
		options = append(options, session.AddHeader(h.Name, h.Value))
		if secret.Header(h.Name) {
			c.secretNames = append(c.secretNames, http.CanonicalHeaderKey(h.Name))
		}
	}
	return append(options, c.authOptions()...), nil
}
