package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// mode is how the machine is shared between the client and the servers.
type mode struct {
	name   string // one or all
	procs  int    // the client's GOMAXPROCS
	client []int  // the CPUs that the client is pinned to; none: it is not pinned
	server []int
	note   string // says so in the output
}

// newMode plans a mode; nothing is pinned yet.
func newMode(name string, pin bool) (mode, error) {
	switch name {
	case "one":
		m := mode{name: name, procs: 1}
		cpus, err := allowedCPUs()
		switch {
		case !pin:
			m.note = "client with one P, not pinned"
		case err != nil:
			m.note = fmt.Sprintf("client with one P, not pinned (%v)", err)
		case len(cpus) < 2:
			m.note = "client with one P, not pinned (there is one CPU, which the servers share)"
		default:
			last := len(cpus) - 1
			m.client, m.server = cpus[last:], cpus[:last]
			m.note = fmt.Sprintf("client with one P on CPU %s, servers on CPU %s", formatCPUs(m.client), formatCPUs(m.server))
		}
		return m, nil
	case "all":
		n := runtime.GOMAXPROCS(0)
		return mode{name: name, procs: n, note: fmt.Sprintf("client and servers with %d Ps each on the same CPUs, not pinned", n)}, nil
	}
	return mode{}, fmt.Errorf("-p is one or all, not %q", name)
}

// enter makes this process the client of the mode.
func (m mode) enter() error {
	runtime.GOMAXPROCS(m.procs)
	if len(m.client) == 0 {
		return nil
	}
	return pinProcess(m.client)
}

func formatCPUs(cpus []int) string {
	words := make([]string, len(cpus))
	for i, n := range cpus {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ",")
}

func parseCPUs(text string) ([]int, error) {
	var cpus []int
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		cpus = append(cpus, n)
	}
	return cpus, nil
}

// describeMachine says what the figures are from.
func describeMachine() string {
	return fmt.Sprintf("%s/%s, %s, %s", runtime.GOOS, runtime.GOARCH, describeCPUs(), runtime.Version())
}

func describeCPUs() string {
	text := fmt.Sprintf("%d CPUs", runtime.NumCPU())
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return text // not every system has it
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, _ := strings.Cut(s.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return text + " (" + strings.TrimSpace(value) + ")"
		}
	}
	return text
}
