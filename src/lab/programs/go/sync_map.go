// Leaks: what is known of each visitor, in a map for many goroutines at a time.
package main

import "sync"

type visitor struct {
	agent [200]byte
}

var visitors sync.Map

//go:noinline
func remember(id int) {
	visitors.Store(id, &visitor{})
}

func main() {
	run(remember)
}
