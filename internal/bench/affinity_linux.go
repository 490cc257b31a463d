package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// allowedCPUs are those that this process may run on, in order.
func allowedCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	cpus := make([]int, 0, set.Count())
	for n := 0; len(cpus) < set.Count(); n++ {
		if set.IsSet(n) {
			cpus = append(cpus, n)
		}
	}
	return cpus, nil
}

// pinProcess has all threads of this process run on these CPUs. A thread has the
// affinity of the one that starts it, so it is done when all that there are have
// been seen to.
func pinProcess(cpus []int) error {
	var set unix.CPUSet
	for _, n := range cpus {
		set.Set(n)
	}
	pinned := map[string]bool{}
	for {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		before := len(pinned)
		for _, t := range tasks {
			if pinned[t.Name()] {
				continue
			}
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				return err
			}
			if err := unix.SchedSetaffinity(id, &set); err != nil && err != unix.ESRCH { // it has ended
				return err
			}
			pinned[t.Name()] = true
		}
		if len(pinned) == before {
			return nil
		}
	}
}
