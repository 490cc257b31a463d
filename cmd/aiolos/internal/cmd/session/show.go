package session

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aiolos-http/aiolos/jar"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/secret"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
)

// listed is the form of "ls --json".
type listed struct {
	Name     string    `json:"name"`
	Cookies  int       `json:"cookies"`
	Headers  int       `json:"headers"`
	Modified time.Time `json:"modified"`
	Path     string    `json:"path"`
}

// listSessions is "aiolos session ls".
func (s *command) listSessions(_ context.Context, dir *store.Store, _ []string) error {
	infos, err := dir.List()
	if err != nil {
		return err
	}
	for _, info := range infos {
		sess, err := dir.Load(info.Name)
		if err != nil {
			s.app.Notice("%s", render.Error(err))
			continue
		}
		l := listed{Name: info.Name, Cookies: sess.Jar.Len(), Modified: info.Modified.UTC().Truncate(time.Second), Path: dir.Path(info.Name)}
		for _, headers := range sess.Headers {
			l.Headers += len(headers)
		}
		if s.json {
			err = render.WriteJSON(s.app.Out, l)
		} else {
			_, err = fmt.Fprintf(s.app.Out, "%-20s  cookies %4d  headers %4d  %s\n",
				l.Name, l.Cookies, l.Headers, info.Modified.Format(time.DateTime))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shownCookie is the form of "show --json".
type shownCookie struct {
	Cookie   string     `json:"cookie"`
	Value    string     `json:"value"`
	Domain   string     `json:"domain"`
	HostOnly bool       `json:"host_only"`
	Path     string     `json:"path"`
	Expires  *time.Time `json:"expires,omitempty"`
	Secure   bool       `json:"secure"`
	HTTPOnly bool       `json:"http_only"`
}

// shownHeader is the form of "show --json".
type shownHeader struct {
	Header string `json:"header"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// showSession is "aiolos session show".
func (s *command) showSession(_ context.Context, dir *store.Store, args []string) error {
	sess, err := dir.Load(args[0])
	if err != nil {
		return err
	}
	var b strings.Builder
	origins := make([]string, 0, len(sess.Headers))
	for origin := range sess.Headers {
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	for _, origin := range origins {
		for _, h := range sess.Headers[origin] {
			if !s.secrets && secret.Header(h.Name) {
				h.Value = secret.Hidden
			}
			if err := s.writeHeader(&b, origin, h); err != nil {
				return err
			}
		}
	}
	for c := range sess.Jar.All() {
		if err := s.writeCookie(&b, c); err != nil {
			return err
		}
	}
	_, err = io.WriteString(s.app.Out, b.String())
	return err
}

// writeHeader shows one header.
func (s *command) writeHeader(b *strings.Builder, origin string, h store.Header) error {
	if s.json {
		return render.WriteJSON(b, shownHeader{h.Name, h.Value, origin})
	}
	p := s.app.OutPalette()
	fmt.Fprintf(b, "header  %s  %s: %s\n", render.Line(origin), p.Cyan(render.Line(h.Name)), render.Line(h.Value))
	return nil
}

// writeCookie shows one cookie.
func (s *command) writeCookie(b *strings.Builder, c *jar.Cookie) error {
	value, until := secret.Hidden, "with the session"
	if s.secrets {
		value = c.Value
	}
	shown := shownCookie{c.Name, value, c.Domain, c.HostOnly, c.Path, nil, c.Secure, c.HttpOnly}
	if !c.Expires.IsZero() {
		expires := c.Expires.UTC()
		shown.Expires, until = &expires, "until "+expires.Format(time.DateTime)
	}
	if s.json {
		return render.WriteJSON(b, shown)
	}
	domain := c.Domain
	switch {
	case domain == "":
		domain = "every host"
	case !c.HostOnly:
		domain = "." + domain
	}
	extra := ""
	if c.Secure {
		extra += ", secure"
	}
	if c.HttpOnly {
		extra += ", http only"
	}
	p := s.app.OutPalette()
	fmt.Fprintf(b, "cookie  %s%s  %s=%s  %s%s\n",
		render.Line(domain), render.Line(c.Path), p.Cyan(render.Line(c.Name)), render.Line(value), until, extra)
	return nil
}
