// Leaks: sessions by token in a map that nothing is ever taken from.
package main

import "strconv"

type session struct {
	user  string
	state [3000]byte
}

type sessionStore struct {
	byToken map[string]*session
}

func (store *sessionStore) open(id int) *session {
	token := "token-" + strconv.Itoa(id)
	opened := &session{user: "user-" + strconv.Itoa(id)}
	store.byToken[token] = opened
	return opened
}

func main() {
	store := &sessionStore{byToken: map[string]*session{}}
	run(func(id int) { store.open(id) })
}
