// Leaks: a channel with room for everything, that is emptied at a quarter of the speed at which it is filled.
package main

type mailJob struct {
	to   string
	body [2000]byte
}

var waiting = make(chan *mailJob, 1000000)

//go:noinline
func enqueueMail(id int) {
	waiting <- &mailJob{to: "customer"}
	if id%4 == 0 {
		<-waiting
	}
}

func main() {
	run(enqueueMail)
}
