// Command bench compares this library with other clients of HTTP, side by side.
//
// The server is a process of its own, so that what getrusage tells is the CPU
// time of the client alone. Each workload is run in interleaved rounds: every
// round runs all clients, in another order, and gives each one's ratio to
// http.Client, or to a bare Transport, in the same round. What is printed is the median of those ratios,
// so that a machine that slows down for a while slows all of them down.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

func main() {
	serve := flag.Bool("serve", false, "be the server, until standard input ends")
	only := flag.String("run", "", "run only the workloads whose name matches this regular `expression`")
	scale := flag.Float64("scale", 1, "multiply the number of rounds by `factor`")
	flag.Parse()
	var err error
	if *serve {
		err = serveUntilEOF(os.Stdin, os.Stdout)
	} else {
		err = compare(*only, *scale)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func compare(only string, scale float64) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	srv, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer srv.Close()
	file, err := bigFile()
	if err != nil {
		return err
	}
	defer os.Remove(file)

	fmt.Printf("%s, %s/%s, %d CPUs, %s\n", time.Now().UTC().Format(time.DateOnly),
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	fmt.Println("Ratios within a round: median (lowest to highest). CPU is the client's own, user and system. http.Client* has a Timeout and a Jar.")
	began := time.Now()
	for _, w := range workloads(srv, file) {
		if !match.MatchString(w.name) {
			continue
		}
		w.rounds = max(1, int(float64(w.rounds)*scale))
		table, err := run(ctx, srv, w)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		table.print(os.Stdout)
	}
	fmt.Printf("\nIn %.0f s.\n", time.Since(began).Seconds())
	return nil
}

// bigSize is what the workloads of one gigabyte move.
const bigSize = 1 << 30

// bigFile makes a file for the uploads. It has no blocks on the disk.
func bigFile() (string, error) {
	f, err := os.CreateTemp("", "aiolos-bench-")
	if err != nil {
		return "", err
	}
	defer f.Close()
	return f.Name(), f.Truncate(bigSize)
}
