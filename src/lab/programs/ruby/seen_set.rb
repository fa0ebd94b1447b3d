# frozen_string_literal: true

# Leaks: texts of all messages that were ever seen, to tell those that come twice.
require 'set'
require_relative 'program'

module Shop
  class Deduplicator
    def initialize
      @seen = Set.new
    end

    def new?(message)
      !@seen.add?(message).nil?
    end
  end
end

deduplicator = Shop::Deduplicator.new
Lab.work { |job| deduplicator.new?("message number #{job} of the queue of all orders") }
