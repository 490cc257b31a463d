// Command bench compares this library with other clients of HTTP, side by side.
//
// The servers are a process of their own, so that what getrusage tells is the CPU
// time of the client alone. Each row is run in interleaved rounds: every round runs
// the row's clients, in another order, and gives each one's ratio to the row's base
// in the same round. What is printed is the median of those ratios, so that a
// machine that slows down for a while slows all of them down.
//
// With -p one, which is the default and what the budgets are for, the client has one
// P and a CPU of its own, and the servers the others. With -p all both have all.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	mode    string
	pin     bool
	only    string
	scale   float64
	json    bool
	list    bool
	write   string
	command string // as it was typed, without the program's name
}

func main() {
	var o options
	serve := flag.Bool("serve", false, "be the servers, until standard input ends")
	cpus := flag.String("cpus", "", "with -serve: run on these CPUs only")
	hold := flag.Bool("hold", false, "measure idle connections as standard input says")
	flag.StringVar(&o.mode, "p", "one", "`one` P on a CPU of its own, or all Ps on all CPUs")
	flag.BoolVar(&o.pin, "pin", true, "with -p one: pin the client to a CPU of its own, if the system can")
	flag.StringVar(&o.only, "run", "", "run only the rows whose name, with how many at a time in brackets, matches this regular `expression`")
	flag.Float64Var(&o.scale, "scale", 1, "multiply the number of rounds by `factor`")
	flag.BoolVar(&o.json, "json", false, "print JSON instead of Markdown")
	flag.BoolVar(&o.list, "list", false, "print the rows' names and do nothing")
	flag.StringVar(&o.write, "write", "", "write the tables into README.md and docs/performance.md of this `directory` as well")
	flag.Parse()
	o.command = strings.Join(os.Args[1:], " ")
	var err error
	switch {
	case *serve:
		err = serveUntilEOF(os.Stdin, os.Stdout, *cpus)
	case *hold:
		err = holdConnections(os.Stdin, os.Stdout)
	default:
		err = compare(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func compare(o options) error {
	match, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	if o.write != "" && o.only != "" {
		return errors.New("-write needs every row: leave -run out")
	}
	m, err := newMode(o.mode, o.pin)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	srv, err := startServer(ctx, m)
	if err != nil {
		return err
	}
	defer srv.Close()
	if err := m.enter(); err != nil {
		return err
	}
	file, err := makeBigFile()
	if err != nil {
		return err
	}
	defer os.Remove(file)
	rep, err := runRows(ctx, selectRows(allRows(env{srv, file}), match, o, m), o, m)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(rep)
	}
	rep.printMarkdown(os.Stdout)
	if o.write != "" {
		return rep.writePages(o.write)
	}
	return nil
}

// selectRows leaves out what was not asked for, what has no meaning in the mode,
// and what is only run when it is asked for.
func selectRows(all []row, match *regexp.Regexp, o options, m mode) []row {
	var chosen []row
	for _, r := range all {
		if !match.MatchString(r.labelWithCount()) || r.optional && o.only == "" || r.onePOnly && m.name != "one" {
			continue
		}
		r.rounds = max(1, int(float64(r.rounds)*o.scale))
		chosen = append(chosen, r)
	}
	return chosen
}

func runRows(ctx context.Context, rows []row, o options, m mode) (*report, error) {
	rep := newReport(o, m)
	for _, r := range rows {
		if o.list {
			fmt.Println(r.labelWithCount())
			continue
		}
		began := time.Now()
		results, err := runRow(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.labelWithCount(), err)
		}
		rep.addRow(r, results)
		fmt.Fprintf(os.Stderr, "%s: %.1f s\n", r.labelWithCount(), time.Since(began).Seconds())
	}
	rep.Seconds = time.Since(rep.Date).Seconds()
	return rep, nil
}

// bigSize is what the rows of big bodies move.
const bigSize = 128 << 20

// makeBigFile makes a file for the uploads. It has no blocks on the disk.
func makeBigFile() (string, error) {
	f, err := os.CreateTemp("", "aiolos-bench-")
	if err != nil {
		return "", err
	}
	defer f.Close()
	return f.Name(), f.Truncate(bigSize)
}
