//go:build !linux

package main

import "errors"

func encrypted(string) (bool, error) { return false, errors.ErrUnsupported }
