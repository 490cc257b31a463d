package flags

import (
	"github.com/spf13/pflag"
)

// Shared marks the flags that all commands with requests have.
const Shared = "aiolos-common"

// markShared marks flags that a command has got since before.
func markShared(f *pflag.FlagSet, before map[string]bool) {
	f.VisitAll(func(flag *pflag.Flag) {
		if !before[flag.Name] {
			flag.Annotations = map[string][]string{Shared: {"true"}}
		}
	})
}

// flagNames are the names of all flags.
func flagNames(f *pflag.FlagSet) map[string]bool {
	all := map[string]bool{}
	f.VisitAll(func(flag *pflag.Flag) { all[flag.Name] = true })
	return all
}
