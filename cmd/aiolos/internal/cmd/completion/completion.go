// Package completion is "aiolos completion": the scripts for shells.
package completion

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/app"
	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/exitcode"
)

// New makes "aiolos completion".
func New(a *app.App) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion bash|zsh|fish|powershell",
		Short:     "Print the script that completes command lines in a shell",
		Long:      help,
		Example:   examples,
		ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return exitcode.AsUsage(errors.New("completion: name one shell: bash, zsh, fish or powershell"))
			}
			switch root := cmd.Root(); args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Out, true)
			case "zsh":
				return root.GenZshCompletion(a.Out)
			case "fish":
				return root.GenFishCompletion(a.Out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Out)
			}
			return exitcode.AsUsage(fmt.Errorf("completion: %q is not one of bash, zsh, fish and powershell", args[0]))
		},
	}
}

const help = `Prints a script that makes a shell complete the command lines of aiolos: commands,
flags, methods, names of headers, and files behind an @.

  bash        source it in ~/.bashrc (package bash-completion is needed)
  zsh         write it to a file _aiolos in a directory of $fpath
  fish        write it to ~/.config/fish/completions/aiolos.fish
  powershell  invoke it in the profile`

const examples = `  source <(aiolos completion bash)
  aiolos completion zsh > ~/.zfunc/_aiolos`
