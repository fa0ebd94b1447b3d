# frozen_string_literal: true

# What all Ruby programs of the lab share: jobs for ever, each with healthy work beside what the program keeps: a bounded cache that turns over
# all the time, and rubbish. Says READY when the cache is full and "DONE n" after every hundred jobs; ends when stdin does.
# The argument is the pause after ten jobs in seconds; 0.02 unless given.
module Lab
  CachedPage = Struct.new(:url, :body)

  class PageCache
    def initialize
      @pages = {}
    end

    def put(id)
      @pages["/page/#{id}"] = CachedPage.new("/page/#{id}", 'x' * 300)
      @pages.shift if @pages.size > 800
    end
  end

  class JobContext
    def initialize(id)
      @id = id
      @headers = ["host: shop-#{id}.example.com", 'accept: text/html']
    end
  end

  MOST_JOBS = 200_000

  def self.work
    pause = Float(ARGV[0] || '0.02')
    Thread.new do
      $stdin.read
      exit!(0)
    end
    $stdout.sync = true
    cache = PageCache.new
    1.upto(1000) { |id| cache.put(id) }
    puts 'READY'
    1.upto(MOST_JOBS) do |id|
      JobContext.new(id)
      cache.put(id + 1000)
      yield id
      puts "DONE #{id}" if (id % 100).zero?
      sleep(pause) if (id % 10).zero?
    end
  end
end
