// Package session is "aiolos session": it shows and changes what --session keeps.
package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/aiolos-http/aiolos/jar"
	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/atomicfile"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/complete"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/render"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/store"
)

// command is "aiolos session".
type command struct {
	app     *app.App
	json    bool
	secrets bool
	output  string
}

// New makes "aiolos session" and its commands.
func New(a *app.App) *cobra.Command {
	s := &command{app: a}
	cmd := app.NewCommand("session ls|show|edit|rm|export|import", "Cookies and headers kept by --session NAME", help, examples, func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return exitcode.AsUsage(fmt.Errorf("%q is not one of ls, show, edit, rm, export and import", args[0]))
		}
		return exitcode.AsUsage(errors.New("missing command: use ls, show, edit, rm, export or import"))
	})
	ls := s.newSubcommand("ls", "List the sessions", 0, 0, s.listSessions)
	show := s.newSubcommand("show NAME", "Show the cookies and headers of a session", 1, 1, s.showSession)
	edit := s.newSubcommand("edit NAME", "Edit the file of a session", 1, 1, s.editSession)
	rm := s.newSubcommand("rm NAME...", "Remove sessions", 1, -1, s.removeSessions)
	export := s.newSubcommand("export NAME", "Write the cookies of a session as a cookies.txt", 1, 1, s.exportCookies)
	imp := s.newSubcommand("import NAME FILE", "Add the cookies of a cookies.txt, or of an exported JSON file", 2, 2, s.importCookies)
	ls.Flags().BoolVar(&s.json, "json", false, "print a JSON object for each session")
	show.Flags().BoolVar(&s.json, "json", false, "print a JSON object for each cookie and header")
	show.Flags().BoolVar(&s.secrets, "show-secrets", false, "print the values of cookies and of headers that give access")
	export.Flags().BoolVar(&s.json, "json", false, "write the JSON of aiohttp's CookieJar.save, which loses nothing")
	export.Flags().StringVarP(&s.output, "output", "o", "-", "file to write, for its owner alone; - is standard output")
	for _, one := range []*cobra.Command{show, edit, rm, export, imp} {
		one.ValidArgsFunction = complete.Session(a.Getenv)
	}
	cmd.AddCommand(ls, show, edit, rm, export, imp)
	return cmd
}

// newSubcommand makes one of the commands. It takes from least to most arguments, the
// latter without a bound if it is negative.
func (s *command) newSubcommand(
	use, short string, least, most int, run func(context.Context, *store.Store, []string) error,
) *cobra.Command {
	return app.NewCommand(use, short, "", "", func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return exitcode.AsUsage(fmt.Errorf("usage: aiolos session %s", use))
		}
		for _, name := range args[:min(least, len(args), 1)] {
			if err := store.CheckName(name); err != nil {
				return exitcode.AsUsage(err)
			}
		}
		dir, err := store.Open(s.app.Getenv)
		if err != nil {
			return err
		}
		return run(cmd.Context(), dir, args)
	})
}

// removeSessions is "aiolos session rm".
func (s *command) removeSessions(_ context.Context, dir *store.Store, args []string) error {
	errs := make([]error, 0, len(args))
	for _, name := range args {
		errs = append(errs, dir.Remove(name))
	}
	return errors.Join(errs...)
}

// exportCookies is "aiolos session export".
func (s *command) exportCookies(_ context.Context, dir *store.Store, args []string) error {
	sess, err := dir.Load(args[0])
	if err != nil {
		return err
	}
	switch {
	case s.output != "-":
		return atomicfile.Replace(s.output, 0o600, func(f *os.File) error { return s.writeCookies(f, sess.Jar) })
	case s.app.OutTTY:
		return exitcode.AsUsage(errors.New("the cookies would be shown on the terminal: give -o FILE, or a pipe"))
	}
	return s.writeCookies(s.app.Out, sess.Jar)
}

// writeCookies writes them in the format that was asked for.
func (s *command) writeCookies(w io.Writer, cookies *jar.Jar) error {
	if s.json {
		return cookies.WriteJSON(w)
	}
	return cookies.WriteNetscape(w)
}

// importCookies is "aiolos session import".
func (s *command) importCookies(_ context.Context, dir *store.Store, args []string) error {
	sess, err := dir.LoadOrNew(args[0])
	if err != nil {
		return err
	}
	data, err := s.app.ReadFileOrInput(args[1])
	if err != nil {
		return err
	}
	n, err := sess.Import(data)
	if bad, ok := errors.AsType[*jar.FileError](err); ok && bad.Partial {
		s.app.Notice("%s", render.Error(bad))
	} else if err != nil {
		return err
	}
	if err := dir.Save(args[0], sess); err != nil {
		return err
	}
	s.app.Notice("%s read; the session %s has %s", countCookies(n), args[0], countCookies(sess.Jar.Len()))
	return nil
}

// countCookies counts them.
func countCookies(n int) string {
	if n == 1 {
		return "one cookie"
	}
	return fmt.Sprintf("%d cookies", n)
}

// editSession is "aiolos session edit": an editor for a copy, which takes the session's
// place if it can be read.
func (s *command) editSession(ctx context.Context, dir *store.Store, args []string) error {
	sess, err := dir.LoadOrNew(args[0])
	if err != nil {
		return err
	}
	editor := strings.Fields(s.app.Getenv("VISUAL"))
	if len(editor) == 0 {
		editor = strings.Fields(s.app.Getenv("EDITOR"))
	}
	if len(editor) == 0 {
		return exitcode.AsUsage(errors.New("no editor: VISUAL and EDITOR are not set"))
	}
	path, err := dir.Temp(args[0], sess)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, editor[0], append(editor[1:], path)...) //nolint:gosec // the user's own editor
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.app.In, s.app.Out, s.app.Err
	if err := cmd.Run(); err != nil {
		return errors.Join(fmt.Errorf("editor: %w", err), os.Remove(path))
	}
	edited, err := readSessionFile(path)
	if err != nil {
		return fmt.Errorf("nothing was changed; your text is in %s: %w", path, err)
	}
	return errors.Join(dir.Save(args[0], edited), os.Remove(path))
}

// readSessionFile reads the file of a session.
func readSessionFile(path string) (*store.Session, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return store.Read(f)
}
