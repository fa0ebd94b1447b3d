// Leaks: each request starts a goroutine that waits for an answer that nobody will read, with what it works on.
package main

type priceQuery struct {
	id   int
	data []byte
}

func askPrice(query *priceQuery, answers chan<- int) {
	sum := 0
	for _, value := range query.data {
		sum += int(value)
	}
	answers <- sum
	query.data[0] = 1
}

//go:noinline
func startQuery(id int) {
	answers := make(chan int)
	go askPrice(&priceQuery{id: id, data: make([]byte, 1500)}, answers)
}

func main() {
	run(startQuery)
}
