// Healthy: a ring of the last reports.
package main

type report struct {
	rows [2500]byte
}

var recent [400]*report

//go:noinline
func buildReport(id int) *report {
	return &report{}
}

func main() {
	run(func(id int) { recent[id%len(recent)] = buildReport(id) })
}
