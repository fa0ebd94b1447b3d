// Leaks: what each user did, in a slice of a user of a global store.
package main

type userAction struct {
	name  string
	extra *int
	id    int
	page  [60]byte
}

type userHistory struct {
	user    int
	actions []*userAction
}

type historyStore struct {
	users map[int]*userHistory
	hits  int
}

var histories = &historyStore{users: map[int]*userHistory{}}

func (all *historyStore) record(id int) {
	user := all.users[id%100]
	if user == nil {
		user = &userHistory{user: id % 100}
		all.users[id%100] = user
	}
	user.actions = append(user.actions, &userAction{name: "view", id: id})
	all.hits++
}

func main() {
	run(histories.record)
}
