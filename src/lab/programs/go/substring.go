// Leaks: a few characters of each document are kept, and with them the whole document that they are part of.
package main

import "strings"

var titles []string

//go:noinline
func readDocument(id int) string {
	return strings.Repeat("a document with a title ", 150)
}

//go:noinline
func keepTitle(id int) {
	titles = append(titles, readDocument(id)[:16])
}

func main() {
	run(keepTitle)
}
