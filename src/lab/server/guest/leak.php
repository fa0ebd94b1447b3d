<?php // A request that keeps ?kb= of native memory for ever: what a leaking extension does to a worker of PHP-FPM.
$kb = (int)($_GET['kb'] ?? 256);
$libc = FFI::cdef('void *malloc(size_t n); void *memset(void *p, int c, size_t n);', 'libc.so.6');
if ($kb > 0) $libc->memset($libc->malloc($kb * 1024), 65, $kb * 1024);
echo getmypid(), "\n";
