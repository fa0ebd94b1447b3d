<?php
/**
 * What all PHP workers of the lab share: jobs for ever, each with healthy work beside what the program keeps: a bounded cache that turns
 * over all the time, and rubbish. Says READY when the cache is full and `DONE n` after every hundred jobs; ends when stdin does.
 *
 * The argument is the pause after ten jobs in microseconds; 20000 unless given.
 */
namespace Lab;

final class CachedPage
{
    public string $url;
    public string $body;

    public function __construct(string $url, string $body)
    {
        $this->url = $url;
        $this->body = $body;
    }
}

final class Request
{
    public array $headers;

    public int $id;

    public function __construct(int $id)
    {
        $this->id = $id;
        $this->headers = ['host' => "shop-$id.example.com", 'accept' => 'text/html'];
    }
}

final class PageCache
{
    /** @var array<string, CachedPage> */
    private array $pages = [];

    public function put(int $id): void
    {
        $this->pages["/page/$id"] = new CachedPage("/page/$id", str_repeat(chr(97 + $id % 26), 300));
        if (count($this->pages) > 800) {
            unset($this->pages[array_key_first($this->pages)]);
        }
    }
}

const MOST_JOBS = 200000;

/** @param callable(int): void $job */
function work(callable $job): void
{
    $pauseMicroseconds = (int) ($GLOBALS['argv'][1] ?? 20000);
    $cache = new PageCache();
    for ($id = 1; $id <= 1000; $id++) {
        $cache->put($id);
    }
    echo "READY\n";
    for ($id = 1; $id <= MOST_JOBS; $id++) {
        $request = new Request($id);
        $cache->put($id + 1000);
        $job($request->id);
        if ($id % 100 === 0) {
            echo "DONE $id\n";
        }
        if ($id % 10 === 0 && !waits($pauseMicroseconds)) {
            return;
        }
    }
}

/** False when stdin has ended: whoever started the program is gone. */
function waits(int $microseconds): bool
{
    $read = [STDIN];
    $none = null;
    return stream_select($read, $none, $none, 0, $microseconds) === 0 || fread(STDIN, 1) !== '';
}
