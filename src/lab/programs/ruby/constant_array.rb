# frozen_string_literal: true

# Leaks: an array in a constant that every job adds an object to.
require_relative 'program'

module Shop
  class AuditEntry
    def initialize(job)
      @job = job
      @text = "job #{job} was done by #{Process.pid}"
    end
  end

  class AuditLog
    ENTRIES = []

    def self.add(job)
      ENTRIES << AuditEntry.new(job)
    end
  end
end

Lab.work { |job| Shop::AuditLog.add(job) }
