# frozen_string_literal: true

# Leaks: every job adds a listener, a block that holds the job's payload, and none is ever taken away.
require_relative 'program'

module Shop
  class Dispatcher
    def initialize
      @listeners = Hash.new { |all, event| all[event] = [] }
    end

    def on(event, &listener)
      @listeners[event] << listener
    end
  end
end

dispatcher = Shop::Dispatcher.new
Lab.work do |job|
  payload = "payload of job #{job} " * 6
  dispatcher.on(:finished) { "#{job}: #{payload}" }
end
