// Command first is the first program of the README.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aiolos-http/aiolos/session"
)

type repo struct {
	Name  string `json:"full_name"`
	Stars int    `json:"stargazers_count"`
}

func main() {
	s, err := session.New(session.Config{BaseURL: "https://api.github.com/"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer s.Close()
	r, err := session.Decode[repo](s.Get(context.Background(), "repos/golang/go"))
	fmt.Println(r.Name, r.Stars, err)
}
