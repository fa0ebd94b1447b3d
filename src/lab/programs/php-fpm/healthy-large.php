<?php
/** Healthy: needs several megabytes for a moment, more for some requests than for others. */
$rows = [];
for ($i = 0; $i < 5000 + ((int) ($_GET['id'] ?? 0) % 7) * 4000; $i++) {
    $rows[] = ['id' => $i, 'name' => "row $i"];
}
echo count($rows);
