package flags

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aiolos-http/aiolos/middleware"
	"github.com/aiolos-http/aiolos/session"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
)

// AuthKind is the value of -A. The zero value is Basic.
type AuthKind string

// The values of -A.
const (
	Basic  AuthKind = "basic"
	Digest AuthKind = "digest"
	Bearer AuthKind = "bearer"
)

// Set implements pflag.Value.
func (k *AuthKind) Set(s string) error {
	return choice.Set(k, strings.ToLower(s), Basic, Digest, Bearer)
}

// String implements pflag.Value.
func (k *AuthKind) String() string { return string(*k) }

// Type implements pflag.Value.
func (k *AuthKind) Type() string { return "scheme" }

// resolveLogin reads what -a says: a user, a user and a password, or a token. A password
// that was typed on the command line is warned of, and none that came from the
// environment or a file.
func (c *Credentials) resolveLogin() error {
	if c.resolved || c.User == "" && c.Kind == "" {
		return nil
	}
	c.resolved = true
	text := c.User
	name, isFile := strings.CutPrefix(text, "@")
	if isFile {
		data, err := app.ReadFile(name)
		if err != nil {
			return fmt.Errorf("-a: %w", err)
		}
		text, _, _ = strings.Cut(strings.TrimPrefix(string(data), "\ufeff"), "\n")
		text = strings.TrimSuffix(text, "\r")
	}
	if c.Kind == Bearer {
		c.login, c.passwordKnown = text, true
	} else {
		c.login, c.password, c.passwordKnown = strings.Cut(text, ":")
	}
	if c.login == "" {
		return fmt.Errorf("-A and -a: there is no %s", map[bool]string{true: "token", false: "user"}[c.Kind == Bearer])
	}
	if strings.ContainsAny(c.login+c.password, "\x00\r\n") {
		return errors.New("-a: credentials have no control characters")
	}
	if c.passwordKnown && !isFile && c.given != nil && c.given.Changed {
		c.app.Notice("warning: what -a has is in the history of the shell, and others see it in the list of processes; AIOLOS_AUTH or -a @FILE keeps it away from there")
	}
	return nil
}

// authOptions are the options of a known login. Digest is a middleware's.
func (c *Credentials) authOptions() []session.Option {
	switch {
	case c.login == "" || c.Kind == Digest:
		return nil
	case c.Kind == Bearer:
		return []session.Option{session.Bearer(c.login)}
	}
	return []session.Option{session.BasicAuth(c.login, c.password)}
}

// authMiddleware answers the challenges of Digest.
func (c *Credentials) authMiddleware() []middleware.Middleware {
	if c.login == "" || c.Kind != Digest {
		return nil
	}
	return []middleware.Middleware{middleware.Digest(middleware.DigestConfig{Login: c.login, Password: c.password})}
}

// AskPassword asks for the password, once, if there is none.
func (c *Credentials) AskPassword(ctx context.Context) error {
	if err := c.resolveLogin(); err != nil {
		return exitcode.AsUsage(err)
	}
	switch {
	case c.login == "" || c.passwordKnown:
		return nil
	case c.app.Password == nil:
		return exitcode.AsUsage(app.ErrNoTerminal)
	}
	password, err := c.app.Password(ctx, fmt.Sprintf("password of %s: ", c.login))
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return exitcode.AsUsage(fmt.Errorf("-a: %w", err))
	}
	c.password, c.passwordKnown = password, true
	return nil
}

// HideLogin hides the password or the token of -a in a word of the command line.
func (c *Credentials) HideLogin(word string) string {
	if c.User == "" || !c.passwordKnown || strings.HasPrefix(c.User, "@") || !c.given.Changed {
		return word
	}
	hidden := secret.Hidden
	if c.Kind != Bearer {
		hidden = c.login + ":" + hidden
	}
	return strings.ReplaceAll(word, c.User, hidden)
}

// Login is what -a says, as curl's -u has it: a user alone if the password was not asked
// for yet.
func (c *Credentials) Login() string {
	if c.passwordKnown {
		return c.login + ":" + c.password
	}
	return c.login
}
