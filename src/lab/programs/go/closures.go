// Leaks: each request registers a function to be called at the end, which holds the request's data.
package main

type shutdownHooks struct {
	hooks []func() int
}

func (all *shutdownHooks) add(hook func() int) {
	all.hooks = append(all.hooks, hook)
}

//go:noinline
func loadReport(id int) []int {
	return make([]int, 400)
}

func main() {
	hooks := &shutdownHooks{}
	run(func(id int) {
		report := loadReport(id)
		hooks.add(func() int { return len(report) })
	})
}
