<?php
// A request keeps ?kb= of native memory for ever: what a leaking extension does to a worker of php-fpm.
$kb = (int) ($_GET['kb'] ?? 256);
$c = FFI::cdef('void *malloc(size_t n); void *memset(void *p, int c, size_t n);', 'libc.so.6');
$c->memset($c->malloc($kb * 1024), 65, $kb * 1024);
echo getmypid(), "\n";
