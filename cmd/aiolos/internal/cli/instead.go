package cli

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aiolos-http/aiolos/session"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/curlconv"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/gosrc"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/syntax"
)

// instead are the flags that print a request in place of sending it.
type instead struct{ offline, curl, source bool }

// flags adds the flags to a command.
func (i *instead) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&i.offline, "offline", false, "send nothing: print the bytes that HTTP/1.1 would send")
	f.BoolVar(&i.curl, "curl", false, "send nothing: print the curl command that does the same")
	f.BoolVar(&i.source, "go", false, "send nothing: print a Go program that does the same")
}

// any reports whether nothing is to be sent.
func (i *instead) any() bool { return i.offline || i.curl || i.source }

// single refuses several things to print. Another is one more flag of the kind.
func (i *instead) single(another bool) error {
	n := 0
	for _, is := range []bool{i.offline, i.curl, i.source, another} {
		if is {
			n++
		}
	}
	if n > 1 {
		return errors.New("of --offline, --curl, --go and --print only one can be given")
	}
	return nil
}

// job is a request that is ready to be sent, or to be printed.
type job struct {
	method, url string
	options     []session.Option
	req         *syntax.Request // what --print=B shows
	// asked is the request as a curl command has it; nil means that the rest
	// tells.
	asked *curlconv.Request
}

// printInstead prints a request as the flags say.
func (s *send) printInstead(ctx context.Context, j job) error {
	s.net.dry = true
	if s.instead.offline {
		return s.offline(ctx, j)
	}
	asked, sent := j.asked, j.asked
	if asked == nil {
		var err error
		if asked, sent, err = s.describe(ctx, j); err != nil {
			return err
		}
	}
	if s.instead.curl {
		s.lost("curl has nothing like", sent.Lost())
		if sent.Follow {
			s.lost("after a redirect curl takes to other hosts", sent.Sensitive)
		}
		text, err := s.plain(sent).Curl()
		return s.printText(text, err)
	}
	if s.net.keylog {
		s.lost("the program does without", []string{"--keylog"})
	}
	return s.printText(strings.TrimSuffix(gosrc.Program(s.plain(asked)), "\n"), nil)
}

// lost tells which flags a printed request does without.
func (s *send) lost(what string, flags []string) {
	if len(flags) > 0 {
		s.app.notice("%s %s", what, strings.Join(flags, ", "))
	}
}

// plain hides the secrets of a request unless they are asked for.
func (s *send) plain(r *curlconv.Request) *curlconv.Request {
	if s.secrets {
		return r
	}
	r, changed := r.Redact()
	if changed {
		s.app.notice("secrets are printed as ***; --show-secrets prints them as they are")
	}
	return r
}

// printText prints a text with a line end, in a form that no terminal acts on.
func (s *send) printText(text string, err error) error {
	if err != nil {
		return usage(err)
	}
	out := s.app.safeOut()
	_, err = io.WriteString(out, text+"\n")
	return errors.Join(err, out.Close())
}

// safeOut is standard output, harmless for a terminal if it is one.
func (a *app) safeOut() io.WriteCloser {
	if a.OutTTY {
		return render.NewEscaper(a.Out)
	}
	return nopCloser{a.Out}
}

// nopCloser is a writer that is not ours to close.
type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }
