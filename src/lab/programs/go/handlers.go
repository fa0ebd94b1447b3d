// Leaks: a handler for each request in the slice of a dispatcher, behind an interface.
package main

type handler interface {
	handle(id int) int
}

type priceHandler struct {
	request int
	prices  [80]int
}

func (one *priceHandler) handle(id int) int {
	return one.prices[id%80] + one.request
}

type dispatcher struct {
	name     string
	handlers []handler
}

var prices = newDispatcher("prices")

//go:noinline
func newDispatcher(name string) *dispatcher {
	return &dispatcher{name: name}
}

func (all *dispatcher) subscribe(id int) {
	all.handlers = append(all.handlers, &priceHandler{request: id})
}

func main() {
	run(prices.subscribe)
}
