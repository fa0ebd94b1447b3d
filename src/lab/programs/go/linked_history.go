// Leaks: each revision of a document keeps the one before.
package main

type revision struct {
	text   [250]byte
	before *revision
}

type document struct {
	latest *revision
}

//go:noinline
func (of *document) change() {
	of.latest = &revision{before: of.latest}
}

func main() {
	only := &document{}
	run(func(id int) { only.change() })
}
