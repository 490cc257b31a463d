package render

import "github.com/aiolos-http/aiolos/cmd/aiolos/internal/choice"

// ColorMode is the value of --color.
type ColorMode string

// The values of --color.
const (
	ColorAuto   ColorMode = "auto"
	ColorAlways ColorMode = "always"
	ColorNever  ColorMode = "never"
)

// Set implements pflag.Value.
func (m *ColorMode) Set(s string) error { return choice.Set(m, s, ColorAuto, ColorAlways, ColorNever) }

// String implements pflag.Value.
func (m *ColorMode) String() string { return string(*m) }

// Type implements pflag.Value.
func (m *ColorMode) Type() string { return "when" }

// Colored decides whether one stream gets colours. The flag counts first, then
// NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then TERM=dumb, then whether
// the stream is a terminal. An empty variable is as good as none.
func Colored(mode ColorMode, getenv func(string) string, tty bool) bool {
	switch {
	case mode == ColorAlways:
		return true
	case mode == ColorNever, getenv("NO_COLOR") != "":
		return false
	case getenv("FORCE_COLOR") != "", getenv("CLICOLOR_FORCE") != "":
		return true
	case getenv("TERM") == "dumb":
		return false
	}
	return tty
}

// Palette paints text. The zero Palette leaves it as it is. Colour never carries
// a meaning that the text does not have as well.
type Palette struct{ on bool }

// NewPalette returns a Palette that paints if on is true.
func NewPalette(on bool) Palette { return Palette{on: on} }

// paint puts s between an SGR sequence and its end.
func (p Palette) paint(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bold returns s in bold letters.
func (p Palette) Bold(s string) string { return p.paint("1", s) }

// Dim returns s less bright.
func (p Palette) Dim(s string) string { return p.paint("2", s) }

// Red returns s in red.
func (p Palette) Red(s string) string { return p.paint("31", s) }

// Green returns s in green.
func (p Palette) Green(s string) string { return p.paint("32", s) }

// Yellow returns s in yellow.
func (p Palette) Yellow(s string) string { return p.paint("33", s) }

// Blue returns s in blue.
func (p Palette) Blue(s string) string { return p.paint("34", s) }

// Cyan returns s in cyan.
func (p Palette) Cyan(s string) string { return p.paint("36", s) }

// Status returns s in the colour of an HTTP status: green for success, yellow
// for redirects, red for errors.
func (p Palette) Status(status int, s string) string {
	switch {
	case status >= 400:
		return p.Red(s)
	case status >= 300:
		return p.Yellow(s)
	}
	return p.Green(s)
}
