// Leaks: each request starts a ticker that is never stopped.
package main

import "time"

type lease struct {
	id     int
	ticker *time.Ticker
	state  [60]byte
}

var leases []*lease

//go:noinline
func startLease(id int) {
	leases = append(leases, &lease{id: id, ticker: time.NewTicker(time.Hour)})
}

func main() {
	run(startLease)
}
