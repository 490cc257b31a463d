package flags

import (
	"github.com/spf13/pflag"
)

// Shared is the annotation of the flags that all commands with requests have.
const Shared = "aiolos-common"

// markShared marks the flags that are not among those of before.
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
