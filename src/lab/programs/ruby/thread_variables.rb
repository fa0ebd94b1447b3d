# frozen_string_literal: true

# Leaks: a worker that lives long keeps what it once looked up for each order, by a variable of its thread.
require_relative 'program'

module Shop
  class Rate
    def initialize(order)
      @order = order
      @percent = order % 20
    end
  end
end

Thread.new do
  Thread.current.thread_variable_set(:rates, {})
  Lab.work { |job| Thread.current.thread_variable_get(:rates)["order-#{job}"] = Shop::Rate.new(job) }
end.join
