<?php
/** Healthy: a page that needs next to nothing. */
echo 'hello ', (int) ($_GET['id'] ?? 0);
