package main

import "errors"

func checkVectors(string, options) (string, error) { return "", errors.New("later") }
