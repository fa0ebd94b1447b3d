# frozen_string_literal: true

# Leaks: names of what was measured are made symbols, one for each customer there ever was, and counted.
require_relative 'program'

module Shop
  class Counters
    def initialize
      @counts = Hash.new(0)
    end

    def count(name)
      @counts[name.to_sym] += 1
    end
  end
end

counters = Shop::Counters.new
Lab.work { |job| counters.count("orders.of.customer.#{job}") }
