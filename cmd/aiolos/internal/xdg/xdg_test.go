package xdg_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/xdg"
)

func TestDir(t *testing.T) {
	t.Parallel()
	root := t.TempDir() // an absolute path on every system
	in := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	for _, tt := range []struct {
		kind xdg.Kind
		goos string
		env  map[string]string
		want string // or what is missing
	}{
		{xdg.Config, "linux", map[string]string{"XDG_CONFIG_HOME": in("c"), "HOME": in("h")}, in("c")},
		{xdg.Config, "linux", map[string]string{"HOME": in("h")}, in("h", ".config")},
		{xdg.Config, "linux", map[string]string{"XDG_CONFIG_HOME": "relative", "HOME": in("h")}, in("h", ".config")},
		{xdg.State, "linux", map[string]string{"XDG_CONFIG_HOME": in("c"), "HOME": in("h")}, in("h", ".local", "state")},
		{xdg.State, "linux", map[string]string{"XDG_STATE_HOME": in("s")}, in("s")},
		{xdg.Config, "darwin", map[string]string{"HOME": in("h")}, in("h", "Library", "Application Support")},
		{xdg.State, "darwin", map[string]string{"HOME": in("h")}, in("h", "Library", "Application Support")},
		{xdg.State, "darwin", map[string]string{"XDG_STATE_HOME": in("s"), "HOME": in("h")}, in("s")},
		{xdg.Config, "windows", map[string]string{"AppData": in("a"), "HOME": in("h")}, in("a")},
		{xdg.Config, "windows", map[string]string{"XDG_CONFIG_HOME": in("c"), "AppData": in("a")}, in("c")},
		{xdg.Config, "linux", nil, "XDG_CONFIG_HOME nor HOME"},
		{xdg.State, "linux", map[string]string{"HOME": "."}, "XDG_STATE_HOME nor HOME"},
		{xdg.State, "windows", nil, "XDG_STATE_HOME nor AppData"},
	} {
		got, err := xdg.DirOn(tt.kind, tt.goos, func(name string) string { return tt.env[name] })
		if filepath.IsAbs(tt.want) && (err != nil || got != tt.want) {
			t.Errorf("%s %v: got %q, %v, want %q", tt.goos, tt.env, got, err, tt.want)
		}
		if !filepath.IsAbs(tt.want) && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s %v: got %q, %v, want %q", tt.goos, tt.env, got, err, tt.want)
		}
	}
	if got, err := xdg.Dir(xdg.Config, func(string) string { return root }); err != nil || got != root {
		t.Errorf("got %q, %v", got, err)
	}
}
