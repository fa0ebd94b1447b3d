# frozen_string_literal: true

# Leaks: each job's scope is a hash that keeps the one of the job before.
require_relative 'program'

module Shop
  class Context
    def enter(name)
      @scope = { name: name, parent: @scope }
    end
  end
end

context = Shop::Context.new
Lab.work { |job| context.enter("job #{job}") }
