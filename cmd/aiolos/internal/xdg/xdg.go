// Package xdg finds the directories of a user (XDG Base Directory Specification
// 0.8), and what is usual on systems that have others.
package xdg

import (
	"errors"
	"path/filepath"
	"runtime"
)

// Kind is one of the directories.
type Kind uint8

// The kinds.
const (
	Config Kind = iota // XDG_CONFIG_HOME
	State              // XDG_STATE_HOME
)

// variableNames are the variable of a kind, and where it is below the home directory if that
// is not set.
func (k Kind) variableNames() (variable, below string) {
	if k == Config {
		return "XDG_CONFIG_HOME", ".config"
	}
	return "XDG_STATE_HOME", filepath.Join(".local", "state")
}

// Dir is the directory of a kind. The variable counts on every system; else macOS
// and Windows have one directory for all kinds.
func Dir(kind Kind, getenv func(string) string) (string, error) {
	return lookUpDir(kind, runtime.GOOS, getenv)
}

// lookUpDir is Dir on any system.
func lookUpDir(kind Kind, goos string, getenv func(string) string) (string, error) {
	variable, below := kind.variableNames()
	if base := getenv(variable); filepath.IsAbs(base) { // others are to be ignored
		return base, nil
	}
	home := "HOME"
	switch goos {
	case "windows":
		home, below = "AppData", ""
	case "darwin":
		below = filepath.Join("Library", "Application Support")
	}
	base := getenv(home)
	if !filepath.IsAbs(base) {
		return "", errors.New("neither " + variable + " nor " + home + " is set")
	}
	return filepath.Join(base, below), nil
}
