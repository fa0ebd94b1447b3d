// Healthy: a cache of the last used, bounded, with a list and a map.
package main

import "container/list"

type lruEntry struct {
	key  int
	page []byte
}

type lruCache struct {
	byKey map[int]*list.Element
	order *list.List
}

const mostEntries = 1500

func (cache *lruCache) get(key int) *lruEntry {
	if known, ok := cache.byKey[key]; ok {
		cache.order.MoveToFront(known)
		return known.Value.(*lruEntry)
	}
	entry := &lruEntry{key: key, page: make([]byte, 1200)}
	cache.byKey[key] = cache.order.PushFront(entry)
	if cache.order.Len() > mostEntries {
		oldest := cache.order.Back()
		cache.order.Remove(oldest)
		delete(cache.byKey, oldest.Value.(*lruEntry).key)
	}
	return entry
}

func main() {
	cache := &lruCache{byKey: map[int]*list.Element{}, order: list.New()}
	run(func(id int) { cache.get(id * 7919 % 5000) })
}
