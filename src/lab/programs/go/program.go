// What all Go programs of the lab share: requests for ever, each with healthy work beside what the program keeps: a bounded cache that turns
// over all the time, and rubbish. Says READY when the cache is full and "DONE n" after every hundred requests; ends when stdin does.
// The argument is the pause after ten requests in milliseconds; 10 unless given.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"
)

type cachedPage struct {
	url  string
	body []byte
}

type pageCache struct {
	pages map[int]*cachedPage
}

func (cache *pageCache) put(id int) {
	cache.pages[id] = &cachedPage{url: "/page/" + strconv.Itoa(id), body: make([]byte, 4000)}
	delete(cache.pages, id-500)
}

type requestContext struct {
	id      int
	headers []string
	scratch []byte
}

var lastRequest *requestContext

const mostRequests = 400000

func run(request func(id int)) {
	pause := 10 * time.Millisecond
	if len(os.Args) > 1 {
		if given, err := strconv.Atoi(os.Args[1]); err == nil {
			pause = time.Duration(given) * time.Millisecond
		}
	}
	go endWithStdin()
	cache := &pageCache{pages: map[int]*cachedPage{}}
	for id := 1; id <= 1000; id++ {
		cache.put(id)
	}
	fmt.Println("READY")
	for id := 1; id <= mostRequests; id++ {
		lastRequest = &requestContext{id: id, headers: []string{"host: shop", "accept: text/html"}, scratch: make([]byte, 16000)}
		cache.put(id + 1000)
		request(id)
		if id%100 == 0 {
			fmt.Println("DONE", id)
		}
		if id%10 == 0 {
			time.Sleep(pause)
		}
	}
}

func endWithStdin() {
	reader := bufio.NewReader(os.Stdin)
	for {
		if _, err := reader.ReadByte(); err != nil {
			os.Exit(0)
		}
	}
}
