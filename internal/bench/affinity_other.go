//go:build !linux

package main

import "errors"

func allowedCPUs() ([]int, error) { return nil, errors.ErrUnsupported }

func pinProcess([]int) error { return errors.ErrUnsupported }
