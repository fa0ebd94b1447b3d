// Leaks: each request sets a timer that is hours away, and its function keeps the request.
package main

import "time"

type paymentRequest struct {
	id   int
	card string
	form [900]byte
}

func (request *paymentRequest) expire() {
	request.id = 0
}

//go:noinline
func awaitPayment(id int) {
	request := &paymentRequest{id: id, card: "visa"}
	time.AfterFunc(9*time.Hour, func() { request.expire() })
}

func main() {
	run(awaitPayment)
}
