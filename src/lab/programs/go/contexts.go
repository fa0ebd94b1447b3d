// Leaks: each request takes a context from the one that lasts, and does not cancel it.
package main

import "context"

type traceKey struct{}

var server, _ = context.WithCancel(context.Background())

//go:noinline
func handle(id int) {
	request, _ := context.WithCancel(server)
	_ = context.WithValue(request, traceKey{}, id)
}

func main() {
	run(handle)
}
