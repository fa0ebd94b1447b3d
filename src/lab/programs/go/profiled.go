// With the profile that Go keeps of allocations: linked where something refers to it.
package main

import _ "net/http/pprof"
