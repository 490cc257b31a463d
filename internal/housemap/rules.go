package housemap

import (
	stderrors "errors"
	"fmt"
	"strings"
)

// Rule is a rule of depguard: of the packages that match Files, what they may import.
type Rule struct {
	Name  string
	Files []string // globs; with an exclamation mark, files that are left out
	Only  []string // what may be imported; empty: all that is not denied
	Deny  []Denial
}

// Denial is an import that a rule forbids, and why. A dollar sign ends a path that is
// meant alone, without what is below it.
type Denial struct{ Import, Why string }

// Rules reads the rules of depguard from .golangci.yml. It knows the part of YAML that
// the file is written in, and refuses the rest.
func Rules(config string) ([]Rule, error) {
	_, text, ok := strings.Cut(config, "\n    depguard:\n      rules:\n")
	if !ok {
		return nil, stderrors.New("no rules of depguard")
	}
	var rules []Rule
	key := ""
	for line := range strings.Lines(text) {
		word := strings.TrimSpace(line)
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case word == "" || strings.HasPrefix(word, "#"):
		case indent < 8:
			return rules, nil
		case indent == 8:
			rules, key = append(rules, Rule{Name: strings.TrimSuffix(word, ":")}), ""
		case len(rules) == 0:
			return nil, fmt.Errorf("no rule for %q", word)
		default:
			if name, value, isKey := strings.Cut(word, ":"); isKey && indent == 10 {
				key, word = name, strings.TrimSpace(value)
			}
			if err := rules[len(rules)-1].add(key, word); err != nil {
				return nil, err
			}
		}
	}
	return rules, nil
}

// add takes a value, or one entry of a list.
func (r *Rule) add(key, value string) error {
	value = strings.TrimPrefix(value, "- ")
	switch {
	case key == "list-mode" || value == "":
	case key == "files":
		r.Files = append(r.Files, splitList(value)...)
	case key == "allow":
		r.Only = append(r.Only, splitList(value)...)
	case key == "deny":
		inner, ok := strings.CutPrefix(strings.TrimSuffix(value, "}"), "{pkg: ")
		path, why, both := strings.Cut(inner, ", desc: ")
		if !ok || !both {
			return fmt.Errorf("rule %s: not {pkg: …, desc: …}: %q", r.Name, value)
		}
		r.Deny = append(r.Deny, Denial{path, why})
	default:
		return fmt.Errorf("rule %s: unknown key %q", r.Name, key)
	}
	return nil
}

// splitList reads "[a, "b"]", or one entry that stands alone.
func splitList(value string) []string {
	var list []string
	for entry := range strings.SplitSeq(strings.Trim(value, "[]"), ",") {
		list = append(list, strings.Trim(strings.TrimSpace(entry), `"`))
	}
	return list
}
