package config

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"
)

// Layer is all flags of one place.
type Layer []Line

// Apply sets the flags of a command that its command line leaves alone, from layers
// of which the earlier count more. Flags that can be given several times add up, those
// of the later layers first. A line whose flag the command does not have is for
// others. Flags are set as defaults are: they do not count as changed.
func Apply(flags *pflag.FlagSet, layers ...Layer) error {
	done := map[string]bool{}
	flags.Visit(func(f *pflag.Flag) { done[f.Name] = true })
	lists := map[string][]string{}
	for _, layer := range layers {
		here := map[string][]Line{}
		var names []string // in their order, so that the same error comes each time
		for _, line := range layer {
			if f := flags.Lookup(line.Name); f != nil {
				if here[f.Name] == nil {
					names = append(names, f.Name)
				}
				here[f.Name] = append(here[f.Name], line)
			}
		}
		for _, name := range names {
			f, lines := flags.Lookup(name), here[name]
			if _, isList := f.Value.(pflag.SliceValue); isList {
				lists[name] = slices.Concat(lineValues(lines), lists[name])
				continue
			}
			if done[name] {
				continue
			}
			done[name] = true
			if err := setFlag(f, lines); err != nil {
				return err
			}
		}
	}
	for name, list := range lists {
		value, _ := flags.Lookup(name).Value.(pflag.SliceValue)
		if err := value.Replace(slices.Concat(list, value.GetSlice())); err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
	}
	return nil
}

// lineValues are the values of lines.
func lineValues(lines []Line) []string {
	list := make([]string, len(lines))
	for i, line := range lines {
		list[i] = line.Value
	}
	return list
}

// setFlag sets a flag to what its lines say; the last one counts, but for one that
// counts itself (-q).
func setFlag(f *pflag.Flag, lines []Line) error {
	if f.Value.Type() != "count" {
		lines = lines[len(lines)-1:]
	}
	for _, line := range lines {
		value := line.Value
		switch {
		case line.Given:
		case f.NoOptDefVal == "":
			return fmt.Errorf("%s: --%s has no value", line.From, f.Name)
		default:
			value = f.NoOptDefVal
		}
		if err := f.Value.Set(value); err != nil {
			return fmt.Errorf("%s: --%s: %w", line.From, f.Name, choice.Explain(err))
		}
	}
	return nil
}
