# frozen_string_literal: true

# Leaks: a worker that lives long keeps a span for each job in a variable of its thread.
require_relative 'program'

module Shop
  TraceSpan = Struct.new(:name, :started, :ended)
end

Thread.new do
  Thread.current[:spans] = []
  Lab.work { |job| Thread.current[:spans] << Shop::TraceSpan.new("job #{job}", job, job + 1) }
end.join
