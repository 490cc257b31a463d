package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/aiolos-http/aiolos/cmd/aiolos/internal/config"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Line{
		"--timeout 30s":             {Name: "timeout", Value: "30s", Given: true},
		"--timeout=30s":             {Name: "timeout", Value: "30s", Given: true},
		"--timeout\t  30s  ":        {Name: "timeout", Value: "30s", Given: true},
		"  -v":                      {Name: "v"},
		"-o file":                   {Name: "o", Value: "file", Given: true},
		"-o=file":                   {Name: "o", Value: "file", Given: true},
		"--verbose\r":               {Name: "verbose"},
		"--header X-A: a = b # c":   {Name: "header", Value: "X-A: a = b # c", Given: true},
		`--header "X-A: quotes"`:    {Name: "header", Value: `"X-A: quotes"`, Given: true},
		"--header=":                 {Name: "header", Given: true},
		"--http1.1":                 {Name: "http1.1"},
		"--proxy=http://h/?a=b --x": {Name: "proxy", Value: "http://h/?a=b --x", Given: true},
	} {
		got, err := config.Parse(strings.NewReader("# a remark\n\n   # another\n"+text+"\n"), "f")
		want.From = "f:4"
		if err != nil || !reflect.DeepEqual(got, []config.Line{want}) {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	if got, err := config.Parse(strings.NewReader(""), "f"); err != nil || got != nil {
		t.Errorf("empty: %v, %v", got, err)
	}
	for _, text := range []string{"timeout 30s", "-", "--", "---x", "-abc", "--=x", "-=x", "- v", strings.Repeat("x", 1<<17)} {
		if got, err := config.Parse(strings.NewReader("-v\n"+text), "f"); err == nil || !strings.HasPrefix(err.Error(), "f") {
			t.Errorf("%.20q: got %+v, %v", text, got, err)
		}
	}
}

// FuzzParse checks that what is read has names, and is the same when it is written
// and read again.
func FuzzParse(f *testing.F) {
	f.Add("--a b\n-c\n# d\n--e=f\n")
	f.Add("--a =b\n--c  =\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := config.Parse(strings.NewReader(text), "f")
		if err != nil {
			return
		}
		for _, l := range lines {
			dash := "--"
			again := dash + l.Name
			if l.Given {
				again += "=" + l.Value
			}
			got, err := config.Parse(strings.NewReader(again), "f")
			if err != nil || len(got) != 1 || got[0].Name != l.Name || got[0].Value != strings.TrimRight(l.Value, " \t") && got[0].Value != l.Value {
				t.Errorf("%q: %+v became %+v, %v", text, l, got, err)
			}
		}
	})
}

func TestVariable(t *testing.T) {
	t.Parallel()
	for flag, want := range map[string]string{"timeout": "AIOLOS_TIMEOUT", "per-host": "AIOLOS_PER_HOST", "http1.1": "AIOLOS_HTTP1_1"} {
		if got := config.Variable(flag); got != want {
			t.Errorf("%s: got %s, want %s", flag, got, want)
		}
	}
}

// values are the flags of a command.
type values struct {
	set           *pflag.FlagSet
	timeout, name string
	insecure      bool
	quiet         int
	header        []string
	protocol      []string
}

func command(t *testing.T, args ...string) *values {
	t.Helper()
	v := &values{set: pflag.NewFlagSet("x", pflag.ContinueOnError)}
	v.set.StringVar(&v.timeout, "timeout", "default", "")
	v.set.StringVar(&v.name, "name", "default", "")
	v.set.BoolVar(&v.insecure, "insecure", false, "")
	v.set.CountVar(&v.quiet, "quiet", "")
	v.set.StringArrayVar(&v.header, "header", nil, "")
	v.set.StringSliceVar(&v.protocol, "protocol", nil, "")
	if err := v.set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return v
}

// layer is that of a file.
func layer(t *testing.T, text string) config.Layer {
	t.Helper()
	lines, err := config.Parse(strings.NewReader(text), "f")
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func TestApply(t *testing.T) {
	t.Parallel()
	v := command(t, "--timeout", "flag", "--header", "a")
	env := config.Environment(v.set, func(name string) string {
		return map[string]string{"AIOLOS_TIMEOUT": "env", "AIOLOS_NAME": "env", "AIOLOS_HEADER": "b", "AIOLOS_OTHER": "x"}[name]
	})
	err := config.Apply(v.set, env,
		layer(t, "--name here\n--insecure=false\n--header c\n--unknown x\n--protocol p,q"),
		layer(t, "--name user\n--insecure\n--quiet\n--quiet\n--header d\n--header e"))
	if err != nil {
		t.Fatal(err)
	}
	if v.timeout != "flag" || v.name != "env" || v.insecure || v.quiet != 2 {
		t.Errorf("got %+v", v)
	}
	if got := strings.Join(v.header, " "); got != "d e c b a" {
		t.Errorf("headers %s", got)
	}
	if got := strings.Join(v.protocol, " "); got != "p,q" {
		t.Errorf("protocols %s", got)
	}
	if v.set.Changed("name") || v.set.NFlag() != 2 {
		t.Error("a default counts as changed")
	}
	v = command(t)
	if err := config.Apply(v.set, layer(t, "--name a\n--name b\n--insecure")); err != nil || v.name != "b" || !v.insecure {
		t.Errorf("the last line counts: %+v, %v", v, err)
	}
	if err := config.Apply(command(t).set); err != nil {
		t.Error(err)
	}
}

func TestApplyErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"--name":                      "f:1: --name has no value",
		"--insecure maybe":            "f:1: --insecure: ",
		"--name x\n--insecure=banana": "f:2: --insecure: ",
		"--quiet x":                   "f:1: --quiet: ",
	} {
		if err := config.Apply(command(t).set, layer(t, text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
