// Healthy: each request starts goroutines that end, and builds what goes with it.
package main

import "sync"

//go:noinline
func fetchPart(id int, parts []int) {
	scratch := make([]int, 300)
	parts[id%len(parts)] = len(scratch)
}

func main() {
	run(func(id int) {
		var group sync.WaitGroup
		parts := make([]int, 4)
		for part := 0; part < 4; part++ {
			group.Add(1)
			go func(part int) {
				defer group.Done()
				fetchPart(part, parts)
			}(part)
		}
		group.Wait()
	})
}
