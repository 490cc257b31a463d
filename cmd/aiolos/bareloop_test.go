package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

// bareLoop is a program, "bareloop URL REQUESTS WORKERS": what one writes in Go to
// load a server, without measuring anything. TestInteropBenchCPU compares the tool
// with it.
func bareLoop() {
	if err := loop(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func loop(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("got %q", args)
	}
	requests, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	workers, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	// With the default of two idle connections it would connect all the time.
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	var next atomic.Int64
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for next.Add(1) <= requests {
				if err := getOnce(client, args[0]); err != nil {
					failure.Store(&err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	return nil
}

// getOnce sends a GET and reads the response.
func getOnce(client *http.Client, url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
