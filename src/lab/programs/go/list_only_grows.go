// Leaks: a history that every request adds to.
package main

type auditEntry struct {
	request int
	text    []byte
}

var history []*auditEntry

//go:noinline
func recordAudit(id int) {
	entry := &auditEntry{request: id, text: make([]byte, 2000)}
	history = append(history, entry)
}

func main() {
	run(recordAudit)
}
