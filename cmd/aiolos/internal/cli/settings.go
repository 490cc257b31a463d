package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/config"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/xdg"
)

// localFile is the file of --config-here.
const localFile = ".aiolosrc"

// settings are the flags that say which files of flags are read.
type settings struct {
	app        *app.App
	none, here bool
}

// addFlags adds the flags to all commands.
func (s *settings) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&s.none, "no-config", false, `read no file of flags: see "aiolos help config"`)
	f.BoolVar(&s.here, "config-here", false, "read ./"+localFile+" too")
}

// commandLineOnly names the flags that make no sense for every call.
func commandLineOnly() []string {
	return []string{"help", "brief-help", "version", "body", "meta", "no-config", "config-here", "raw", "curl", "go", "offline"}
}

// applyToFlags sets the flags that the command line leaves alone: from the environment,
// from a file in this directory if that is wanted, and from the user's file.
func (s *settings) applyToFlags(cmd *cobra.Command, _ []string) error {
	switch cmd.Name() {
	case "version", "completion", "man", "help", cobra.ShellCompRequestCmd, cobra.ShellCompNoDescRequestCmd:
		return nil
	}
	if s.app.Brief {
		return nil
	}
	flags := cmd.Flags()
	var variables, which config.Layer
	for _, l := range config.Environment(flags, s.app.Getenv) {
		switch {
		case l.Name == "no-config", l.Name == "config-here":
			which = append(which, l)
		case !slices.Contains(commandLineOnly(), l.Name):
			variables = append(variables, l)
		}
	}
	if err := config.Apply(flags, which); err != nil {
		return exitcode.AsUsage(err)
	}
	files, err := s.readFiles(cmd.Root())
	if err == nil {
		err = config.Apply(flags, append([]config.Layer{variables}, files...)...)
	}
	if err != nil {
		return exitcode.AsUsage(err)
	}
	return nil
}

// describeUnknown says that a line of a file has no flag.
func describeUnknown(name string) string {
	if len(name) == 1 {
		return fmt.Sprintf("the bare form has no flag -%s: write the long name of one of another command", name)
	}
	return fmt.Sprintf("no command has a flag %q", name)
}

// readFiles reads the files of flags, those that count more first.
func (s *settings) readFiles(root *cobra.Command) ([]config.Layer, error) {
	if s.none {
		return nil, nil
	}
	var names []string
	if s.here {
		names = append(names, localFile)
	}
	if dir, err := xdg.Dir(xdg.Config, s.app.Getenv); err == nil { // else there is none
		names = append(names, filepath.Join(dir, "aiolos", "config"))
	}
	layers := make([]config.Layer, len(names))
	for i, name := range names {
		var err error
		if layers[i], err = readFile(root, name); err != nil {
			return nil, err
		}
	}
	return layers, nil
}

// readFile reads a file of flags, each of which some command has to have. A file
// that does not exist has none.
func readFile(root *cobra.Command, name string) (config.Layer, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := config.Parse(f, name)
	if err != nil {
		return nil, err
	}
	for i, l := range lines {
		long := longName(root, l.Name)
		switch {
		case long == "":
			return nil, fmt.Errorf("%s: %s", l.From, describeUnknown(l.Name))
		case slices.Contains(commandLineOnly(), long):
			return nil, fmt.Errorf("%s: --%s is for the command line", l.From, long)
		}
		lines[i].Name = long
	}
	return lines, nil
}

// longName is the long name of a flag: a letter is one of the bare form, because it
// means something else elsewhere.
func longName(root *cobra.Command, name string) string {
	if len(name) == 1 {
		if f := root.Flags().ShorthandLookup(name); f != nil {
			return f.Name
		}
		if f := root.PersistentFlags().ShorthandLookup(name); f != nil {
			return f.Name
		}
		return ""
	}
	commands := []*cobra.Command{root}
	for i := 0; i < len(commands); i++ {
		cmd := commands[i]
		if cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
			return name
		}
		commands = append(commands, cmd.Commands()...)
	}
	return ""
}
