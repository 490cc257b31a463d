package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// credentials are -a and -H, and what is known of the secrets of a command line.
type credentials struct {
	app   *app
	user  string
	lines []string

	password string              // what was typed for user
	asked    bool                // it was
	headers  []syntax.HeaderItem // of -H
	named    []string            // headers of the items, which count more than -H
	secret   []string            // headers that stay with the origin they were given for
}

// flags adds the flags to a command.
func (c *credentials) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&c.user, "auth", "a", "", "user for HTTP Basic; the password is asked for, and not shown")
	f.StringArrayVarP(&c.lines, "header", "H", nil, "header, as Name:Value; @FILE reads a file with one a line")
	// The flag is there.
	_ = cmd.RegisterFlagCompletionFunc("header", completeHeader)
}

// errNoTerminal is the error for a password that nobody can be asked for.
var errNoTerminal = errors.New("-a: there is no terminal to ask for the password")

// readLines reads -H.
func (c *credentials) readLines() error {
	c.headers = nil
	for _, line := range c.lines {
		lines := []string{line}
		if name, ok := strings.CutPrefix(line, "@"); ok {
			data, err := readFile(name)
			if err != nil {
				return err
			}
			lines = strings.Split(string(data), "\n")
		}
		for _, text := range lines {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			h, err := headerLine(text)
			if err != nil {
				return err
			}
			c.headers = append(c.headers, h)
		}
	}
	return nil
}

// headerLine reads "Name: value". Without a value the header is left out, and with
// a semicolon it is empty, as among the items.
func headerLine(text string) (syntax.HeaderItem, error) {
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

// learn notes the headers of the items.
func (c *credentials) learn(headers []syntax.HeaderItem) {
	for _, h := range headers {
		c.named = append(c.named, h.Name)
		if secret.Header(h.Name) {
			c.secret = append(c.secret, http.CanonicalHeaderKey(h.Name))
		}
	}
}

// sensitive are the secret headers that the library does not know for such.
func (c *credentials) sensitive() []string {
	known := slices.DeleteFunc(slices.Clone(c.secret), func(name string) bool {
		return name == "Authorization" || name == "Cookie" || name == "Proxy-Authorization"
	})
	slices.Sort(known)
	return slices.Compact(known)
}

// rest are the headers of -H that no item replaces.
func (c *credentials) rest() []syntax.HeaderItem {
	return slices.DeleteFunc(slices.Clone(c.headers), func(h syntax.HeaderItem) bool {
		return slices.ContainsFunc(c.named, func(name string) bool { return strings.EqualFold(name, h.Name) })
	})
}

// options are what -a and -H mean for every request.
func (c *credentials) options() ([]session.Option, error) {
	if err := c.readLines(); err != nil {
		return nil, usage(err)
	}
	var options []session.Option
	for _, h := range c.rest() {
		if h.Unset {
			options = append(options, session.SkipHeader(h.Name))
			continue
		}
		options = append(options, session.AddHeader(h.Name, h.Value))
		if secret.Header(h.Name) {
			c.secret = append(c.secret, http.CanonicalHeaderKey(h.Name))
		}
	}
	if c.user != "" {
		options = append(options, session.BasicAuth(c.user, c.password))
	}
	return options, nil
}

// ask asks for the password, once.
func (c *credentials) ask(ctx context.Context) error {
	switch {
	case c.user == "" || c.asked:
		return nil
	case strings.Contains(c.user, ":"):
		return usage(errors.New("-a: give the user alone: a password on the command line is there for everybody to read"))
	case c.app.Password == nil:
		return usage(errNoTerminal)
	}
	password, err := c.app.Password(ctx, fmt.Sprintf("password of %s: ", c.user))
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return usage(fmt.Errorf("-a: %w", err))
	}
	c.password, c.asked = password, true
	return nil
}
