<?php
/** Leaks, as an extension would: many small blocks in each request that nobody frees. */
for ($i = 0; $i < 200; $i++) {
    $block = FFI::new('char[160]', false, true);
    FFI::memset($block, 0x5a, 160);
}
echo 'done';
