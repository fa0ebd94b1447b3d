# frozen_string_literal: true

# Leaks: each panel observes the ticker, to which it refers back, and none is ever taken from there.
require_relative 'program'

module Shop
  class Ticker
    def initialize
      @observers = {}
    end

    def observe(panel)
      @observers[panel] = :update
    end
  end

  class Panel
    def initialize(ticker)
      @ticker = ticker
      ticker.observe(self)
    end
  end
end

ticker = Shop::Ticker.new
Lab.work { Shop::Panel.new(ticker) }
