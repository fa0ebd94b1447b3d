# frozen_string_literal: true

# Healthy: each job builds a lot and lets go of it all.
require_relative 'program'

module Shop
  class Row
    def initialize(number)
      @number = number
      @text = "row #{number}"
    end
  end
end

Lab.work { |job| Array.new(job % 40) { |number| Shop::Row.new(number) }.size }
