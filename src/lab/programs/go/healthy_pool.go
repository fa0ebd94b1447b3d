// Healthy: buffers out of a pool, goroutines that end, and sessions of any length.
package main

import "sync"

type visit struct {
	id    int
	trail []int
}

func main() {
	pool := sync.Pool{New: func() any { return make([]byte, 3000) }}
	visits := map[int]*visit{}
	due := make([][]int, 700)
	run(func(id int) {
		buffer := pool.Get().([]byte)
		done := make(chan int)
		go func() { done <- len(buffer) }()
		<-done
		pool.Put(buffer)
		visits[id] = &visit{id: id, trail: make([]int, id%200)}
		due[(id+1+id*7919%600)%700] = append(due[(id+1+id*7919%600)%700], id)
		for _, ended := range due[id%700] {
			delete(visits, ended)
		}
		due[id%700] = due[id%700][:0]
	})
}
