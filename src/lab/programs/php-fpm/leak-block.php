<?php
/** Leaks, as an extension would: 48 KiB of each request that nobody frees. */
$block = FFI::new('char[49152]', false, true);
FFI::memset($block, 0x5a, 49152);
echo 'done';
