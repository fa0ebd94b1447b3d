// Leaks: the pieces of uploads that were broken off, in a map of slices.
package main

type uploads struct {
	pieces map[int][][]byte
}

//go:noinline
func (all *uploads) receive(id int) {
	all.pieces[id/20] = append(all.pieces[id/20], make([]byte, 700))
}

func main() {
	all := &uploads{pieces: map[int][][]byte{}}
	run(all.receive)
}
